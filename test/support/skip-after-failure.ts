import { beforeEach } from 'vitest';

/**
 * Skips the remaining tests of this file, or of this `describe`, after a test has failed. Each of them depends on the
 * test before it.
 */
export function skipAfterFailure(): void {
  let failed: string | null = null;
  beforeEach(({ task, skip, onTestFailed }) => {
    skip(failed !== null, `because "${failed}" failed`);
    onTestFailed(() => void (failed = task.name));
  });
}
