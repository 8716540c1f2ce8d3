import type { IRouter } from 'express';
import { createPendingLogins } from '../../factors/pending-login.ts';
import type { AccountContext } from '../account-context.ts';
import type { RenderHomeTimeline } from '../home-timeline.ts';
import { createAttemptLogin } from './attempt-login.ts';
import { createLoginEnd } from './finish-login.ts';
import { addForgotPasswordRoute } from './forgot-password.ts';
import { addLoginCodeRoute } from './login-code.ts';
import { addLoginPasskeyRoute } from './login-passkey.ts';
import { addLoginRoute } from './login.ts';
import { addLogoutRoute } from './logout.ts';
import { addRegisterRoute } from './register.ts';
import { addResetPasswordRoute } from './reset-password.ts';
import { createVerifyCode } from './verify-code.ts';

/** Adds the pages on which users sign up, log in and out, and reset a forgotten password. */
export function addLoginRoutes(
  app: IRouter,
  context: AccountContext,
  renderHomeTimeline: RenderHomeTimeline,
): void {
  const { config, repositories, rateLimits, passwords } = context;
  const { devices, passkeyOptions, totpSecrets, writeNotice } = context;
  const { users, totp, recoveryCodes, passkeys, links, passwordResets } = repositories;
  const attemptLogin = createAttemptLogin(users, totp, passwords);
  const pendingLogins = createPendingLogins(config);
  const verifyCode = createVerifyCode(totp, recoveryCodes, totpSecrets, rateLimits, devices);
  const loginEnd = createLoginEnd(devices, renderHomeTimeline);

  addRegisterRoute(app, users, passwords, rateLimits, config);
  addLoginRoute(app, attemptLogin, pendingLogins, rateLimits, devices, loginEnd);
  addLoginCodeRoute(app, totp, recoveryCodes, pendingLogins, verifyCode, loginEnd);
  addLoginPasskeyRoute(app, passkeys, passkeyOptions, rateLimits, loginEnd);
  addLogoutRoute(app, config);
  if (config.mail) addForgotPasswordRoute(app, passwordResets, rateLimits);
  // Without mail, an operator passes the link on.
  addResetPasswordRoute(app, links, passwordResets, passwords, writeNotice, config);
}
