import type { IRouter, Request, Response } from 'express';
import { AppError } from '../../../errors/app-error.ts';
import type { Sessions } from '../../../repositories/sessions.ts';
import type { Totp } from '../../../repositories/totp.ts';
import { currentPasswordForm } from '../../forms/current-password.ts';
import { type FieldError, parseForm } from '../../forms/form.ts';
import { logEvent } from '../../middleware/audit.ts';
import { currentSessionId, requireUser } from '../../middleware/current-user.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import type { ConfirmPassword } from './confirm-password.ts';
import { listSessionViews, type SessionView } from './session-views.ts';

/** Adds `/settings`, with the list of sessions, and the pages that end one of them or all others. */
export function addSettingsPages(
  app: IRouter,
  sessions: Sessions,
  totp: Totp,
  confirmPassword: ConfirmPassword,
): void {
  app
    .route('/settings')
    .get(async (req, res) => {
      const isTwoFactorOn = (await totp.findTotpUser(requireUser(req).userId)) !== null;
      res.render('settings.html', {
        sessions: await listSessionViews(sessions, req),
        isTwoFactorOn,
      });
    })
    .all(methodNotAllowed);

  app
    .route('/settings/end_other_sessions')
    .get((req, res) => {
      requireUser(req);
      renderEndPage(res, null);
    })
    .post(async (req, res) => {
      const error = await confirm(req, res);
      if (error) return renderEndPage(res, null, error);
      await sessions.deleteOtherSessions(requireUser(req).userId, currentSessionId(req));
      redirectToSettings(req, res, 'All other sessions were ended');
    })
    .all(methodNotAllowed);

  app
    .route('/settings/end_session/:handle')
    .get(async (req, res) => {
      renderEndPage(res, await findOtherSession(req));
    })
    .post(async (req, res) => {
      const session = await findOtherSession(req);
      const error = await confirm(req, res);
      if (error) return renderEndPage(res, session, error);
      await sessions.deleteSession(session.sessionId);
      redirectToSettings(req, res, 'The session was ended');
    })
    .all(methodNotAllowed);

  async function findOtherSession(req: Request): Promise<SessionView> {
    const listed = await listSessionViews(sessions, req);
    const session = listed.find(
      ({ handle, isCurrent }) => handle === req.params.handle && !isCurrent,
    );
    if (!session) throw new AppError('not_found', 'You have no such session. It may have ended.');
    return session;
  }

  /** Returns an error for the form if the current password is wrong. */
  async function confirm(req: Request, res: Response): Promise<FieldError | null> {
    const { username } = requireUser(req);
    const form = parseForm(currentPasswordForm, req.body);
    return (await confirmPassword(req, res, username, form.current_password)).error;
  }
}

/** Sends the page that asks for the password before a session ends. `session` is null for all other sessions. */
function renderEndPage(
  res: Response,
  session: SessionView | null,
  error: FieldError | null = null,
): void {
  res.render('end-session.html', { session, error });
}

function redirectToSettings(req: Request, res: Response, message: string): void {
  logEvent(req, 'sessions_ended', { userId: requireUser(req).userId });
  res.flash(message);
  res.redirect('/settings');
}
