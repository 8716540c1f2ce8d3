import type { EC2Client } from '@aws-sdk/client-ec2';
import { onTestFinished, vi } from 'vitest';
import { createEc2 } from '../../src/aws/clients.ts';
import { retryWithoutPauses } from './retry-without-pauses.ts';

/** Sets environment variables until the test ends. The value `undefined` removes a variable. */
export function stubEnvironment(environment: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

/** Creates the client that the environment describes, until the test ends. It retries without pauses. */
export function openEc2(responseTimeoutMs?: number): EC2Client {
  const ec2 = createEc2(responseTimeoutMs);
  onTestFinished(() => ec2.destroy());
  retryWithoutPauses(ec2);
  return ec2;
}
