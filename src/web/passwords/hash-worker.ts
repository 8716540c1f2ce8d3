import { createHmac } from 'node:crypto';
import { constants, setPriority } from 'node:os';
import { compareSync, hashSync, truncates } from 'bcryptjs';
import type { Task } from './passwords.ts';

// The key is not a secret. It makes the HMAC differ from those of other sites. A change would invalidate stored hashes.
const HMAC_KEY = 'MiniTwit: passwords of more than 72 bytes';

// Pages come first. On Linux, this is the priority of this thread alone.
try {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
} catch {
  // A sandbox can forbid it. During many logins, fewer pages are then sent.
}

/** Returns the hash of a password, or whether a password matches a hash. Runs in a worker thread. */
export default function hashOrCompare(task: Task): string | boolean {
  const password = toBcryptInput(task.password);
  return task.kind === 'hash' ? hashSync(password, task.cost) : compareSync(password, task.hash);
}

/**
 * Returns a password of up to 72 bytes, which bcrypt does not truncate, unchanged. Returns the HMAC-SHA-256 of a longer
 * password in base64, which contains no NUL: for bcrypt, a text and its repetitions with NUL between them are equal.
 */
function toBcryptInput(password: string): string {
  if (!truncates(password)) return password;
  return createHmac('sha256', HMAC_KEY).update(password).digest('base64');
}
