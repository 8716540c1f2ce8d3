import type { Request } from 'express';

/**
 * The events that an operator searches the log for:
 * - `registered`, `login_succeeded`, `login_failed`: what a user did
 * - `locked_out`: a failed login was the last that a limit allows
 * - `limit_reached`: a limit refused an action
 */
export type AuditEvent =
  'registered' | 'login_succeeded' | 'login_failed' | 'locked_out' | 'limit_reached';

/** What is known about an event. What a user typed must not be in it: a password may be in any field. */
export interface AuditDetails {
  userId?: number | undefined;
  /** Why a login failed. */
  reason?: 'unknown_name' | 'wrong_password';
  /** The name of a limit. */
  limit?: string;
}

const WARNINGS: ReadonlySet<AuditEvent> = new Set(['locked_out', 'limit_reached']);

/** Logs an event with the id and the client address of its request; limits as a warning. */
export function logEvent(req: Request, event: AuditEvent, details: AuditDetails): void {
  req.log[WARNINGS.has(event) ? 'warn' : 'info']({ event, ...details }, event);
}
