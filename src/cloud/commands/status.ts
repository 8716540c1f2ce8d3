import type { Cloud } from '../cloud.ts';

/** Shows what there is, how it is, and what it costs. */
export async function printStatus(_cloud: Cloud): Promise<void> {
  throw new Error('not there yet');
}
