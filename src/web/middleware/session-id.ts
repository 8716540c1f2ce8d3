import { hash, randomBytes } from 'node:crypto';

const TIME_DIGITS = 8;
const RANDOM_BYTES = 18;
const CLOCK_SKEW_S = 3600;

/**
 * Returns a new session id of 32 characters: the time of its creation in seconds since 1970, in eight hexadecimal
 * digits, then 144 random bits in base64url.
 */
export function createSessionId(nowS: number): string {
  const time = nowS.toString(16).padStart(TIME_DIGITS, '0');
  return time + randomBytes(RANDOM_BYTES).toString('base64url');
}

/**
 * Returns the time when a session was created, in seconds since 1970. Returns null for an id of MiniTwit 1.5 or
 * earlier, which does not contain the time. (Those ids are random: one in 65,000 begins with eight hexadecimal digits,
 * which mostly give a time in the future.)
 */
export function createdAtS(sessionId: string, nowS: number): number | null {
  const digits = sessionId.slice(0, TIME_DIGITS);
  if (!/^[\da-f]{8}$/.test(digits)) return null;
  const createdS = Number.parseInt(digits, 16);
  return createdS <= nowS + CLOCK_SKEW_S ? createdS : null;
}

/** Returns a name of a session for addresses and forms. It does not disclose the id. */
export function sessionHandle(sessionId: string): string {
  return hash('sha256', sessionId, 'base64url');
}
