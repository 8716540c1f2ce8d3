import { EC2Client } from '@aws-sdk/client-ec2';

/** The maximum number of times that a client sends a request. */
export const ATTEMPTS_MAX = 6;

/** The maximum duration of a connection attempt. */
export const CONNECT_MAX_MS = 5000;

const RESPONSE_MAX_MS = 30_000;

/**
 * Returns the options of all AWS clients. The SDK itself finds account, region and endpoint. It retries requests that
 * AWS throttled or answered with 5xx, and those without a response. A client holds connections open, and so the process
 * alive, until `destroy()`.
 * @param responseMaxMs how long each attempt waits for a response
 */
export function clientOptions(responseMaxMs = RESPONSE_MAX_MS) {
  return {
    maxAttempts: ATTEMPTS_MAX,
    requestHandler: {
      connectionTimeout: CONNECT_MAX_MS,
      requestTimeout: responseMaxMs,
      // Without this, the SDK only warns after the timeout, and waits indefinitely.
      throwOnRequestTimeout: true,
    },
  };
}

/** Creates an EC2 client with `clientOptions`. */
export function createEc2(responseMaxMs?: number): EC2Client {
  return new EC2Client(clientOptions(responseMaxMs));
}
