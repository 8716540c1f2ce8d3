import type { Clients } from './context.ts';

/**
 * Returns the region of the command, such as `us-east-1`. The SDK finds it as usual. Sends no request.
 * @throws Error if no region is set
 */
export async function readRegion({
  cloudFormation,
}: Pick<Clients, 'cloudFormation'>): Promise<string> {
  return cloudFormation.config.region();
}
