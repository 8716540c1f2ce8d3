import type { EC2Client } from '@aws-sdk/client-ec2';

/** Makes a client of AWS's SDK retry lost and throttled requests as often as it does, but without the pauses. */
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
