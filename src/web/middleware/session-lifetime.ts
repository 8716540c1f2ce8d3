import { createdAtS } from './session-id.ts';

/** The time after its last use when a session ends, in seconds. */
export const LIFETIME_S = 30 * 24 * 3600;

const ABSOLUTE_LIFETIME_S = 180 * 24 * 3600;
const EXTEND_EVERY_S = 3600;

/**
 * Returns the new expiry of a session that is used now, in seconds since 1970. Returns null if it was extended in the
 * last hour, or if its age is unknown: such a session is not extended.
 */
export function findNewExpiryS(sessionId: string, expiresS: number, nowS: number): number | null {
  const isDue = nowS + LIFETIME_S - expiresS >= EXTEND_EVERY_S;
  return isDue && createdAtS(sessionId, nowS) !== null ? nowS + LIFETIME_S : null;
}

/** Returns whether a session was created 180 days ago or earlier. It has ended then, although it may expire later. */
export function isTooOld(sessionId: string, nowS: number): boolean {
  const createdS = createdAtS(sessionId, nowS);
  return createdS !== null && createdS + ABSOLUTE_LIFETIME_S <= nowS;
}

/** Returns the time of the last use of a session, exact to an hour, in seconds since 1970. */
export function lastUsedAtS(expiresS: number): number {
  return expiresS - LIFETIME_S;
}
