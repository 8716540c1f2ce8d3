import type { EC2Client } from '@aws-sdk/client-ec2';
import { onTestFinished, vi } from 'vitest';
import { createEc2 } from '../../../src/aws/clients.ts';

/** Sets environment variables, of which `undefined` removes one, until the test ends. */
export function useEnvironment(environment: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

/** Opens the client that the environment describes, until the test ends. It retries without a pause. */
export async function openEc2(answerMaxMs?: number): Promise<EC2Client> {
  const ec2 = createEc2(answerMaxMs);
  onTestFinished(() => ec2.destroy());
  const backoff = { computeNextBackoffDelay: () => 0, setDelayBase: () => undefined };
  Object.assign(await ec2.config.retryStrategy(), { retryBackoffStrategy: backoff });
  return ec2;
}
