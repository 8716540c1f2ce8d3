import { randomBytes } from 'node:crypto';

const RANDOM_BYTES = 36;

/** Creates a random secret of 48 characters, which neither a shell nor an environment file changes. */
export function createSecret(): string {
  return randomBytes(RANDOM_BYTES).toString('base64url');
}
