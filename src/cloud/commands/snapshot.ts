import type { Cloud } from '../cloud.ts';

/** Takes a snapshot of the database. */
export async function takeSnapshot(_cloud: Cloud, _options: { dryRun: boolean }): Promise<void> {
  throw new Error('not there yet');
}
