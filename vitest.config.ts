import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { OTHERS, PRODUCT } from './test/support/parts.ts';
import { PartsReporter } from './test/support/parts-reporter.ts';
import { SETUP_HANG_MS, TEST_HANG_MS } from './test/support/timeouts.ts';

const PARTS = {
  // `vitest run` and `npm test` use this mode by default.
  test: [PRODUCT],
  all: [PRODUCT, ...OTHERS],
  rest: OTHERS,
};

export default defineConfig(({ mode }) => {
  if (!(mode in PARTS)) throw new Error(`Unknown mode ${mode}. Use test, all or rest.`);
  const parts = PARTS[mode as keyof typeof PARTS];
  const runnable = parts.filter(({ missing }) => missing === null);
  return {
    test: {
      projects: runnable.flatMap(({ projects }) => projects),
      reporters: ['default', new PartsReporter(parts)],
      testTimeout: TEST_HANG_MS,
      hookTimeout: SETUP_HANG_MS,
      // With three workers for two cores, no core is idle: tests mostly wait.
      maxWorkers: Math.max(3, availableParallelism()),
    },
  };
});
