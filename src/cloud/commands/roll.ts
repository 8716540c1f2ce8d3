import type { Cloud } from '../cloud.ts';

/** Replaces the instances by those of the newest image, one at a time. */
export async function roll(_cloud: Cloud, _options: { dryRun: boolean }): Promise<void> {
  throw new Error('not there yet');
}
