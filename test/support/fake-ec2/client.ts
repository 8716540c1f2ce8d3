import type { EC2Client } from '@aws-sdk/client-ec2';
import { onTestFinished, vi } from 'vitest';
import { createEc2 } from '../../../src/aws/clients.ts';
import { retryWithoutPauses } from '../retry-without-pauses.ts';

/** Sets environment variables, of which `undefined` removes one, until the test ends. */
export function useEnvironment(environment: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

/** Opens the client that the environment describes, until the test ends. It retries without a pause. */
export function openEc2(answerMaxMs?: number): EC2Client {
  const ec2 = createEc2(answerMaxMs);
  onTestFinished(() => ec2.destroy());
  retryWithoutPauses(ec2);
  return ec2;
}
