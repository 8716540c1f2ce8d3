import type { Cloud } from '../cloud.ts';

/** Makes an image of MiniTwit as it is committed here. */
export async function buildImage(
  _cloud: Cloud,
  _options: { instanceType: string; dryRun: boolean },
): Promise<void> {
  throw new Error('not there yet');
}
