import { hash } from 'node:crypto';
import type { IRouter, Request, Response } from 'express';
import { AppError } from '../../../errors/app-error.ts';
import { type ListedPasskey, type Passkeys, PASSKEYS_MAX } from '../../../repositories/passkeys.ts';
import type { Credentials, Users } from '../../../repositories/users.ts';
import type { PasskeyOptions } from '../../factors/passkey-options.ts';
import { verifyCreatedPasskey } from '../../factors/verify-passkey.ts';
import { currentPasswordForm } from '../../forms/current-password.ts';
import { type FieldError, parseForm } from '../../forms/form.ts';
import {
  createdPasskeyForm,
  newPasskeyForm,
  parseCreatedCredential,
  validatePasskeyName,
} from '../../forms/passkey.ts';
import { logEvent } from '../../middleware/audit.ts';
import { currentSessionId, requireUser } from '../../middleware/current-user.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import { findSite, type Site } from '../../middleware/request-hosts.ts';
import { formatBrowser } from '../../middleware/user-agent.ts';
import type { ConfirmPassword } from './confirm-password.ts';
import type { FindNotice } from './find-notice.ts';

/** A passkey on a page. */
interface PasskeyView extends ListedPasskey {
  /** Its name in addresses. */
  handle: string;
}

/** Adds `/settings/passkeys`, with the list of passkeys, and the pages that add and remove one. */
export function addPasskeyRoutes(
  app: IRouter,
  users: Users,
  passkeys: Passkeys,
  options: PasskeyOptions,
  confirmPassword: ConfirmPassword,
  findNotice: FindNotice,
): void {
  app
    .route('/settings/passkeys')
    .get(async (req, res) => {
      res.render('passkeys.html', {
        passkeys: await listPasskeys(req),
        passkeysMax: PASSKEYS_MAX,
      });
    })
    .all(methodNotAllowed);

  app
    .route('/settings/passkeys/add')
    .get((req, res) => {
      requireUser(req);
      renderAddPage(res, formatBrowser(req.get('user-agent')));
    })
    .post(async (req, res) => {
      const user = requireUser(req);
      const { name, current_password } = parseForm(newPasskeyForm, req.body);
      const nameError = validatePasskeyName(name);
      if (nameError) return renderAddPage(res, name, { field: 'name', message: nameError });
      const confirmed = await confirmPassword(req, res, user.username, current_password);
      if (confirmed.error) return renderAddPage(res, name, confirmed.error);
      const existing = await passkeys.listPasskeys(user.userId);
      if (existing.length >= PASSKEYS_MAX) {
        const message = `You can have at most ${PASSKEYS_MAX} passkeys. Remove one first.`;
        return renderAddPage(res, name, { field: 'name', message });
      }
      const creation = options.creationOptions(requireSite(req), user, confirmed, existing);
      res.render('create-passkey.html', { name, options: creation });
    })
    .all(methodNotAllowed);

  app
    .route('/settings/passkeys/create')
    .get((_req, res) => {
      res.redirect('/settings/passkeys');
    })
    .post(async (req, res) => {
      const { userId, username } = requireUser(req);
      const form = parseForm(createdPasskeyForm, req.body);
      const credentials = await findCredentials(username);
      const credential = parseCreatedCredential(form.credential);
      const created =
        credential &&
        (await verifyCreatedPasskey(credential, requireSite(req), (challenge) =>
          options.isCreationChallenge(challenge, credentials),
        ));
      if (!created || validatePasskeyName(form.name) !== null) {
        throw new AppError('invalid', 'MiniTwit did not accept this passkey. Add it once more.');
      }
      const notice = await findNotice(username, 'A passkey was added to your account.');
      await passkeys.createPasskey(credentials, { ...created, name: form.name }, notice);
      logEvent(req, 'passkey_added', { userId });
      res.flash('The passkey was added');
      res.redirect('/settings/passkeys');
    })
    .all(methodNotAllowed);

  app
    .route('/settings/passkeys/remove/:handle')
    .get(async (req, res) => {
      renderRemovePage(res, await findOwnPasskey(req));
    })
    .post(async (req, res) => {
      const { userId, username } = requireUser(req);
      const passkey = await findOwnPasskey(req);
      const form = parseForm(currentPasswordForm, req.body);
      const confirmed = await confirmPassword(req, res, username, form.current_password);
      if (confirmed.error) return renderRemovePage(res, passkey, confirmed.error);
      const { credentialId } = passkey;
      const notice = await findNotice(username, 'A passkey was removed from your account.');
      const removal = { credentialId, sessionId: currentSessionId(req), notice };
      await passkeys.removePasskey(confirmed, removal);
      logEvent(req, 'passkey_removed', { userId });
      res.flash('The passkey was removed, and all other sessions were ended');
      res.redirect('/settings/passkeys');
    })
    .all(methodNotAllowed);

  async function listPasskeys(req: Request): Promise<PasskeyView[]> {
    const listed = await passkeys.listPasskeys(requireUser(req).userId);
    return listed.map((each) => ({
      ...each,
      handle: hash('sha256', each.credentialId, 'base64url'),
    }));
  }

  async function findOwnPasskey(req: Request): Promise<PasskeyView> {
    const listed = await listPasskeys(req);
    const passkey = listed.find(({ handle }) => handle === req.params.handle);
    if (!passkey) throw new AppError('not_found', 'You have no such passkey.');
    return passkey;
  }

  async function findCredentials(username: string): Promise<Credentials> {
    const credentials = await users.findCredentials(username);
    if (!credentials) throw new AppError('unauthenticated', 'Your account no longer exists.');
    return credentials;
  }
}

function requireSite(req: Request): Site {
  const site = findSite(req);
  if (!site)
    throw new AppError('invalid', 'Your browser sent an address that MiniTwit cannot read.');
  return site;
}

function renderAddPage(res: Response, name: string, error: FieldError | null = null): void {
  res.render('add-passkey.html', { name, error });
}

function renderRemovePage(
  res: Response,
  passkey: PasskeyView,
  error: FieldError | null = null,
): void {
  res.render('remove-passkey.html', { passkey, error });
}
