import { EC2Client } from '@aws-sdk/client-ec2';

const ATTEMPTS_MAX = 6;
const CONNECT_MAX_MS = 5000;
const ANSWER_MAX_MS = 30_000;

/**
 * How our clients of AWS's services go about it. Account, region and endpoint are found as AWS's SDK finds them. It
 * repeats by itself what was throttled, answered with 5xx, or lost on the way. A client keeps connections, and the
 * process, until `destroy()`.
 * @param answerMaxMs for how long each attempt waits for its answer
 */
export function clientOptions(answerMaxMs = ANSWER_MAX_MS) {
  return {
    maxAttempts: ATTEMPTS_MAX,
    requestHandler: {
      connectionTimeout: CONNECT_MAX_MS,
      requestTimeout: answerMaxMs,
      // else the SDK only warns, and waits for ever
      throwOnRequestTimeout: true,
    },
  };
}

/** Opens a client of EC2's, with `clientOptions`. */
export function createEc2(answerMaxMs?: number): EC2Client {
  return new EC2Client(clientOptions(answerMaxMs));
}
