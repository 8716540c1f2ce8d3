import type { Cloud } from '../cloud.ts';

/** Removes the stack. */
export async function down(
  _cloud: Cloud,
  _options: { everything: boolean; dryRun: boolean; ask: (question: string) => Promise<string> },
): Promise<void> {
  throw new Error('not there yet');
}
