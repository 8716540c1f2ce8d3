import type { Request } from 'express';

/**
 * The events of the audit log:
 * - `registered`, `login_succeeded`, `password_changed`, `sessions_ended`, `account_deleted`: actions of users
 * - `data_exported`: a user has downloaded the user's data
 * - `reset_requested`, `password_reset`, `email_change_requested`, `email_changed`: the use of mails with links
 * - `second_factor_enabled`, `second_factor_disabled`, `recovery_codes_created`, `recovery_code_used`: actions of users
 * - `second_factor_failed`: a wrong code at a login, after the correct password
 * - `passkey_added`, `passkey_removed`: actions of users
 * - `passkey_failed`: a login with an unknown or wrong passkey
 * - `reported`: a user has reported a message or a user
 * - `moderated`: a moderator has made a decision, which the table `audit` has
 * - `login_failed`: a wrong username or password, at a login or before a change of the account
 * - `locked_out`: a failed login that used up a limit
 * - `limit_reached`: an action that a limit refused
 */
export type AuditEvent =
  | 'registered'
  | 'login_succeeded'
  | 'login_failed'
  | 'password_changed'
  | 'sessions_ended'
  | 'account_deleted'
  | 'data_exported'
  | 'reset_requested'
  | 'password_reset'
  | 'email_change_requested'
  | 'email_changed'
  | 'second_factor_enabled'
  | 'second_factor_disabled'
  | 'second_factor_failed'
  | 'recovery_codes_created'
  | 'recovery_code_used'
  | 'passkey_added'
  | 'passkey_removed'
  | 'passkey_failed'
  | 'reported'
  | 'moderated'
  | 'locked_out'
  | 'limit_reached';

/** The details of an event. They never contain user input, since a user may type a password into any field. */
export interface AuditDetails {
  userId?: number | undefined;
  /** The cause of a failed login. */
  reason?:
    | 'unknown_name'
    | 'wrong_password'
    | 'wrong_code'
    | 'unreadable_secret'
    | 'unknown_passkey'
    | 'wrong_proof';
  /** The name of a limit. */
  limit?: string;
}

const WARNINGS: ReadonlySet<AuditEvent> = new Set(['locked_out', 'limit_reached']);

/** Logs an event with the id and the client address of its request. Events about limits are warnings. */
export function logEvent(req: Request, event: AuditEvent, details: AuditDetails): void {
  req.log[WARNINGS.has(event) ? 'warn' : 'info']({ event, ...details }, event);
}
