import { OperatorError } from '../../errors/operator-error.ts';

// The server's own minimum.
const MIN_LENGTH = 32;
// A browser's cookie is signed again when its session is extended, and expires 30 days after that.
const SESSION_LIFETIME_MS = 30 * 24 * 3_600_000;

/**
 * Parses the value of `SESSION_SECRET`: secrets separated by commas, of which the first signs and all are accepted.
 * @throws OperatorError, which contains no secret, if the server would refuse the value
 */
export function parseSessionSecrets(value: string): [string, ...string[]] {
  const [first = '', ...others] = value.split(',').map((secret) => secret.trim());
  const problem = findProblem([first, ...others]);
  if (problem === null) return [first, ...others];
  throw new OperatorError(
    `The session secret in Secrets Manager is invalid: ${problem}. Store one secret of ${MIN_LENGTH} characters or more, or several that are separated by commas. Nothing was changed.`,
  );
}

function findProblem(secrets: string[]): string | null {
  if (secrets[0]?.startsWith('{')) return 'it is JSON';
  if (secrets.some((secret) => secret.length < MIN_LENGTH)) {
    return `each secret must have ${MIN_LENGTH} characters or more`;
  }
  if (secrets.some((secret) => !/^[!-~]+$/.test(secret))) {
    return 'it has spaces, or characters that are not ASCII';
  }
  return new Set(secrets).size < secrets.length ? 'two of its secrets are equal' : null;
}

/**
 * Returns the value at the end of a rotation: the new secret signs, and the previous one is still accepted.
 * @param changedAt the time of the last change. Secrets that signed before it are dropped after 30 days, when the last
 *   cookie that they have signed has expired
 */
export function formatRotated(
  secrets: [string, ...string[]],
  newSecret: string,
  { changedAt, now }: { changedAt: Date | null; now: Date },
): string {
  const [current, ...older] = secrets;
  const mayBeInUse = changedAt === null || +now - +changedAt < SESSION_LIFETIME_MS;
  return [newSecret, current, ...(mayBeInUse ? older : [])].join();
}

/**
 * Returns the value in the middle of a rotation: the current secret signs, and all instances learn to accept the new
 * one. Null if they already accept it.
 */
export function formatAccepting(secrets: [string, ...string[]], newSecret: string): string | null {
  if (secrets.includes(newSecret)) return null;
  const [current, ...older] = secrets;
  return [current, newSecret, ...older].join();
}
