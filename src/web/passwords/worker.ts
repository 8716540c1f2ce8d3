import { createHmac } from 'node:crypto';
import { compareSync, hashSync, truncates } from 'bcryptjs';
import type { Task } from './passwords.ts';

// The key is no secret: it makes the HMAC differ from what other sites store. A new key would invalidate stored hashes.
const HMAC_KEY = 'MiniTwit: passwords of more than 72 bytes';

/** Runs in a worker thread: gives the hash of a password, or whether a password matches a hash. */
export default function hashOrCompare(task: Task): string | boolean {
  const password = toBcryptInput(task.password);
  return task.kind === 'hash' ? hashSync(password, task.cost) : compareSync(password, task.hash);
}

/**
 * Returns a password that bcrypt reads as a whole, as it is. Of a longer one than its 72 bytes, returns the HMAC-SHA-256 in
 * base64, which has no NUL: bcrypt takes a text and its repetitions with a NUL between them for the same.
 */
function toBcryptInput(password: string): string {
  if (!truncates(password)) return password;
  return createHmac('sha256', HMAC_KEY).update(password).digest('base64');
}
