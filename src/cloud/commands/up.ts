import type { Cloud } from '../cloud.ts';

/** Raises the stack, or changes it to what the template and these parameters say. */
export async function up(
  _cloud: Cloud,
  _options: { parameters: Record<string, string>; dryRun: boolean },
): Promise<void> {
  throw new Error('not there yet');
}
