import type { Reporter, TestModule, Vitest } from 'vitest/node';
import type { Part } from './parts.ts';

/**
 * Prints at the start which parts of the tests run, and at the end which parts could not run, then one line
 * for all tests: `N passed, N failed`. If the variable `CI` is set, a part that cannot run is a failure.
 */
export class PartsReporter implements Reporter {
  readonly #runnable: string[];
  readonly #missing: string[];
  #counts = { passed: 0, failed: 0, skipped: 0 };

  constructor(parts: Part[]) {
    this.#runnable = parts
      .filter(({ missing }) => missing === null)
      .map(({ about }) => `Testing ${about}.`);
    this.#missing = parts
      .filter(({ missing }) => missing !== null)
      .map(({ about, missing }) => `Not tested: ${about}, because ${missing}.`);
  }

  onInit({ config }: Vitest): void {
    // On exit, the line comes after the summary of the default reporter, and only once in watch mode.
    process.once('exit', () => this.#printSummary());
    // With --project, the other parts are not reported.
    if (config.project.length > 0) this.#missing.length = 0;
    else for (const line of [...this.#runnable, ...this.#missing]) console.log(line);
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => Array.from(module.children.allTests()));
    const passed = tests.filter((test) => test.ok() && test.result().state === 'passed').length;
    const failed = tests.filter((test) => test.result().state === 'failed').length;
    // A file that cannot be loaded, a failed hook, and an error outside of the tests count as failures.
    const groups = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const broken = groups.filter((group) => group.errors().length > 0).length + errors.length;
    const unavailable = process.env.CI ? this.#missing.length : 0;
    if (unavailable > 0) process.exitCode = 1;
    const skipped = tests.length - passed - failed;
    this.#counts = { passed, failed: failed + broken + unavailable, skipped };
  }

  #printSummary(): void {
    for (const line of this.#missing) console.log(line);
    const { passed, failed, skipped } = this.#counts;
    // If the global setup fails, no test runs.
    const failures = failed || (process.exitCode ? 1 : 0);
    console.log(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  }
}
