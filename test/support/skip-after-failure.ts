import { beforeEach } from 'vitest';

/**
 * Declares that each test of this file, or of this `describe`, continues where the one before it ended. After one has
 * failed, the others are skipped: they could only repeat its failure.
 */
export function skipAfterFailure(): void {
  let failed: string | null = null;
  beforeEach(({ task, skip, onTestFailed }) => {
    skip(failed !== null, `since "${failed}" failed`);
    onTestFailed(() => void (failed = task.name));
  });
}
