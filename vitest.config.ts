import { defineConfig } from 'vitest/config';
import { OTHERS, PRODUCT } from './test/support/parts.ts';
import { PartsReporter } from './test/support/parts-reporter.ts';
import { SETUP_HANG_MS, TEST_HANG_MS } from './test/support/timeouts.ts';

const PARTS = {
  // vitest's own mode: `npm test`
  test: [PRODUCT],
  all: [PRODUCT, ...OTHERS],
  rest: OTHERS,
};

export default defineConfig(({ mode }) => {
  const parts = PARTS[mode as keyof typeof PARTS];
  const runnable = parts.filter(({ missing }) => missing === null);
  return {
    test: {
      projects: runnable.flatMap(({ projects }) => projects),
      reporters: ['default', new PartsReporter(parts)],
      testTimeout: TEST_HANG_MS,
      hookTimeout: SETUP_HANG_MS,
      // More than most machines have cores: much of the time is spent waiting.
      maxWorkers: 3,
    },
  };
});
