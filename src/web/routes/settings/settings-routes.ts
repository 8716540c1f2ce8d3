import type { IRouter } from 'express';
import type { AccountContext } from '../account-context.ts';
import { addConfirmEmailRoute } from './confirm-email.ts';
import { createConfirmPassword } from './confirm-password.ts';
import { addDeleteAccountRoute } from './delete-account.ts';
import { addEmailRoute } from './email.ts';
import { addExportRoute } from './export.ts';
import { createFindNotice } from './find-notice.ts';
import { addPasskeyRoutes } from './passkeys.ts';
import { addPasswordRoute } from './password.ts';
import { addSettingsPages } from './settings.ts';
import { addTwoFactorRoutes } from './two-factor.ts';

/** Adds `/settings` and the pages that it links to, on which users change their accounts. */
export function addSettingsRoutes(app: IRouter, context: AccountContext): void {
  const { config, repositories, rateLimits, passwords } = context;
  const { devices, passkeyOptions, totpSecrets, writeNotice } = context;
  const { users, sessions, totp, recoveryCodes, passkeys } = repositories;
  const { links, emailChanges, accountDeletion } = repositories;
  const confirmPassword = createConfirmPassword(users, passwords, rateLimits, devices);
  const findNotice = createFindNotice(users, writeNotice);

  addSettingsPages(app, sessions, totp, confirmPassword);
  addPasswordRoute(app, users, passwords, confirmPassword, writeNotice, config);
  addEmailRoute(app, users, emailChanges, rateLimits, confirmPassword, config.mail);
  addConfirmEmailRoute(app, links, emailChanges, config.mail);
  addTwoFactorRoutes(app, totp, recoveryCodes, totpSecrets, confirmPassword, findNotice);
  addPasskeyRoutes(app, users, passkeys, passkeyOptions, confirmPassword, findNotice);
  addExportRoute(app, repositories, rateLimits, confirmPassword);
  addDeleteAccountRoute(app, users, accountDeletion, confirmPassword, config);
}
