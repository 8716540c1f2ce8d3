import type { IRouter, Request } from 'express';
import type { Passkey, Passkeys } from '../../../repositories/passkeys.ts';
import type { RateLimits } from '../../../repositories/rate-limits.ts';
import type { PasskeyOptions } from '../../factors/passkey-options.ts';
import { verifyUsedPasskey } from '../../factors/verify-passkey.ts';
import { parseForm, submittedField } from '../../forms/form.ts';
import { parseDraft } from '../../forms/message.ts';
import { parseUsedCredential, passkeyLoginForm } from '../../forms/passkey.ts';
import { logEvent } from '../../middleware/audit.ts';
import { clientKey } from '../../middleware/client-key.ts';
import { currentUser, logIn } from '../../middleware/current-user.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import { findSite } from '../../middleware/request-hosts.ts';
import { setTooManyRequests } from '../../middleware/too-many-requests.ts';
import { renderLoginPage } from '../../presentation/login-page.ts';
import type { LoginEnd } from './finish-login.ts';

/** Adds `/login/passkey`, which logs in a user without a password. A passkey is a device and its PIN or fingerprint. */
export function addLoginPasskeyRoute(
  app: IRouter,
  passkeys: Passkeys,
  options: PasskeyOptions,
  rateLimits: RateLimits,
  { finishLogin, redirectHome }: LoginEnd,
): void {
  app
    .route('/login/passkey')
    .get((_req, res) => {
      res.redirect('/login');
    })
    .post(async (req, res) => {
      const form = parseForm(passkeyLoginForm, req.body);
      const draft = parseDraft(submittedField(req.body, 'draft'));
      const refusal = rateLimits.consumePasskeyLogin(clientKey(req));
      if (refusal) {
        setTooManyRequests(res, refusal);
        return renderLoginPage(res, { notice: refusal.message, draft });
      }
      const passkey = await verify(req, form.credential);
      if (!passkey) return renderLoginPage(res, { notice: NOT_ACCEPTED, draft });
      const { userId, username, passwordHash } = passkey;
      const previousUser = currentUser(req);
      if (previousUser?.userId === userId) return redirectHome(req, res, draft);
      await logIn(req, { userId, username }, { passwordHash, hasSecondFactor: true });
      await finishLogin(req, res, { user: { userId, username }, previousUser, draft });
    })
    .all(methodNotAllowed);

  /** Returns the passkey of a correct login, and null for any other. */
  async function verify(req: Request, json: string): Promise<Passkey | null> {
    const credential = parseUsedCredential(json);
    const site = findSite(req);
    const passkey = credential && (await passkeys.findPasskey(credential.id));
    if (!credential || !site || !passkey) {
      logEvent(req, 'passkey_failed', { reason: 'unknown_passkey' });
      return null;
    }
    const use = await verifyUsedPasskey(credential, passkey, site, options.findLoginChallengeMs);
    if (use && (await passkeys.acceptUse(use))) return passkey;
    logEvent(req, 'passkey_failed', { userId: passkey.userId, reason: 'wrong_proof' });
    return null;
  }
}

const NOT_ACCEPTED =
  'MiniTwit did not accept this passkey. Try it once more, or sign in with your password. If you have removed the passkey here, delete it on your device, too.';
