import type { EC2Client } from '@aws-sdk/client-ec2';

/** Removes the pauses between the retries of an AWS SDK client. */
export function retryWithoutPauses({
  config,
}: {
  config: Pick<EC2Client['config'], 'retryStrategy'>;
}): void {
  const { retryStrategy } = config;
  config.retryStrategy = async () =>
    Object.assign(await retryStrategy(), {
      retryBackoffStrategy: { setDelayBase: () => undefined, computeNextBackoffDelay: () => 0 },
    });
}
