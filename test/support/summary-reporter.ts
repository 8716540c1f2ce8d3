import type { Reporter, TestModule } from 'vitest/node';

/** Ends the output with one line for all tests together: `N passed, N failed`. */
export class SummaryReporter implements Reporter {
  readonly #remarks: string[];

  constructor(remarks: string[]) {
    this.#remarks = remarks;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => Array.from(module.children.allTests()));
    const passed = tests.filter((test) => test.ok() && test.result().state === 'passed').length;
    const failed = tests.filter((test) => test.result().state === 'failed').length;
    // A file that could not be loaded, and a failure outside of any test, count as well.
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length;
    const skipped = tests.length - passed - failed;
    for (const remark of this.#remarks) console.log(remark);
    const end = skipped > 0 ? `, ${skipped} skipped` : '';
    // after the default reporter's own summary
    process.once('exit', () => console.log(`${passed} passed, ${failed + broken} failed${end}`));
  }
}
