import { fileURLToPath } from 'node:url';
import express, { type Express } from 'express';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { RateLimits } from '../repositories/rate-limits.ts';
import type { Repositories } from '../repositories/repositories.ts';
import { createPendingLogins } from './factors/pending-login.ts';
import { createPasskeyOptions } from './factors/passkey-options.ts';
import { createTotpSecrets } from './factors/totp-secrets.ts';
import { createWriteNotice } from './mail/letters.ts';
import { rejectCrossOrigin } from './middleware/cross-origin.ts';
import { notFound, renderErrorPage } from './middleware/errors.ts';
import { flash } from './middleware/flash.ts';
import { parseFormBody } from './middleware/form-body.ts';
import { IN_FLIGHT_LIMITS, limitInFlight } from './middleware/in-flight.ts';
import { rejectMultipleHosts } from './middleware/request-hosts.ts';
import { createDeviceCookies } from './middleware/device-cookie.ts';
import { logRequests } from './middleware/request-log.ts';
import { sanitizeHeaders } from './middleware/sanitize-headers.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { session } from './middleware/session.ts';
import { setUserLocals } from './middleware/user-locals.ts';
import type { Passwords } from './passwords/passwords.ts';
import { readStaticFiles } from './presentation/static-files.ts';
import { useTemplates } from './presentation/templates.ts';
import { createRenderTimeline } from './presentation/timeline-pages.ts';
import { createAttemptLogin } from './routes/attempt-login.ts';
import { addAvatarRoutes } from './routes/avatars.ts';
import { addBlockRoutes } from './routes/blocks.ts';
import { createConfirmPassword } from './routes/confirm-password.ts';
import { createFindNotice } from './routes/find-notice.ts';
import { addDeleteAccountRoute } from './routes/delete-account.ts';
import { addExportRoute } from './routes/export.ts';
import { addConfirmEmailRoute } from './routes/confirm-email.ts';
import { addEmailRoute } from './routes/email.ts';
import { createLoginEnd } from './routes/finish-login.ts';
import { addDecisionRoutes } from './routes/decisions.ts';
import { addFollowRoutes } from './routes/follows.ts';
import { addForgotPasswordRoute } from './routes/forgot-password.ts';
import { addHealthRoutes, type Readiness } from './routes/health.ts';
import { createRenderHomeTimeline } from './routes/home-timeline.ts';
import { addLoginCodeRoute } from './routes/login-code.ts';
import { addLoginPasskeyRoute } from './routes/login-passkey.ts';
import { addLoginRoutes } from './routes/login.ts';
import { addLogoutRoutes } from './routes/logout.ts';
import { addMessageRoutes } from './routes/messages.ts';
import { addModerationRoutes } from './routes/moderation.ts';
import { addPasskeyRoutes } from './routes/passkeys.ts';
import { addMuteRoutes } from './routes/mutes.ts';
import { createFindOtherUser } from './routes/other-user.ts';
import { addOutboxRoute } from './routes/outbox.ts';
import { addPasswordRoute } from './routes/password.ts';
import { addRegisterRoutes } from './routes/register.ts';
import { addResetPasswordRoute } from './routes/reset-password.ts';
import { addReportRoutes } from './routes/report.ts';
import { addSecurityTxtRoute } from './routes/security-txt.ts';
import { addSettingsRoutes } from './routes/settings.ts';
import { addStaticFileRoutes } from './routes/static-files.ts';
import { addTimelineRoutes, addUserTimelineRoutes } from './routes/timelines.ts';
import { addTwoFactorRoutes } from './routes/two-factor.ts';
import { createVerifyCode } from './routes/verify-code.ts';

const STATIC_FOLDER = fileURLToPath(new URL('../../static', import.meta.url));

/** Everything that the application needs. The caller opens and closes it. */
export interface Dependencies {
  config: Omit<Config, 'database'>;
  repositories: Repositories;
  rateLimits: RateLimits;
  passwords: Passwords;
  isReady: Readiness;
  logger: Logger;
}

/** Creates the application. A request passes the middleware and the routes in this order. */
export function createApp(dependencies: Dependencies): Express {
  const { config, repositories, rateLimits, passwords, isReady, logger } = dependencies;
  const { users, followers, blocks, mutes, sessions, timelines } = repositories;
  const { totp, recoveryCodes, passkeys } = repositories;
  const { links, passwordResets, emailChanges } = repositories;
  const app = express();
  app.set('trust proxy', config.trustProxy);
  app.disable('x-powered-by');
  // As in MiniTwit, `/public` is the public timeline and `/Public` is the page of a user.
  app.enable('case sensitive routing');
  // Only cached pages and static files have an ETag, and they set their own.
  app.disable('etag');

  const staticFiles = readStaticFiles(STATIC_FOLDER);
  const renderTimeline = createRenderTimeline(repositories, useTemplates(app, config, staticFiles));
  const renderHomeTimeline = createRenderHomeTimeline(timelines, renderTimeline);
  const devices = createDeviceCookies(config);
  const writeNotice = createWriteNotice(config.mail);
  const findNotice = createFindNotice(users, writeNotice);
  const confirmPassword = createConfirmPassword(users, passwords, rateLimits, devices);
  const attemptLogin = createAttemptLogin(users, totp, passwords);
  const loginEnd = createLoginEnd(devices, renderHomeTimeline);
  const pendingLogins = createPendingLogins(config);
  const passkeyOptions = createPasskeyOptions(config);
  // Every route that shows the login page offers a login with a passkey there.
  app.locals.passkeyLoginOptions = passkeyOptions.loginOptions;
  const totpSecrets = createTotpSecrets(config);
  const verifyCode = createVerifyCode(totp, recoveryCodes, totpSecrets, rateLimits, devices);

  const findOtherUser = createFindOtherUser(users, rateLimits);

  app.use(logRequests(logger));
  app.use(sanitizeHeaders(config));
  app.use(securityHeaders(config));
  app.use(rejectMultipleHosts);

  // Routes without a form, a session or a limit.
  addStaticFileRoutes(app, staticFiles);
  addAvatarRoutes(app);
  addHealthRoutes(app, isReady, config);
  addSecurityTxtRoute(app, config.securityContact);

  app.use(flash(config));
  // The form is parsed before all checks that can fail, so that the error page shows what the user has typed.
  app.use(parseFormBody);
  app.use(rejectCrossOrigin);
  app.use(limitInFlight(IN_FLIGHT_LIMITS));
  app.use(session(sessions, config));
  app.use(setUserLocals);

  addTimelineRoutes(app, repositories, rateLimits, renderTimeline, renderHomeTimeline);
  addRegisterRoutes(app, users, passwords, rateLimits, config);
  addLoginRoutes(app, attemptLogin, pendingLogins, rateLimits, devices, loginEnd);
  addLoginPasskeyRoute(app, passkeys, passkeyOptions, rateLimits, loginEnd);
  addLoginCodeRoute(app, totp, recoveryCodes, pendingLogins, verifyCode, loginEnd);
  addLogoutRoutes(app, config);
  if (config.mail) addForgotPasswordRoute(app, passwordResets, rateLimits);
  if (config.mail?.smtp === null) addOutboxRoute(app, repositories.outbox);
  // Without mail, an operator passes such a link on.
  addResetPasswordRoute(app, links, passwordResets, passwords, writeNotice, config);
  addPasswordRoute(app, users, passwords, confirmPassword, writeNotice, config);
  addDeleteAccountRoute(app, users, repositories.accountDeletion, confirmPassword, config);
  addEmailRoute(app, users, emailChanges, rateLimits, confirmPassword, config.mail);
  addConfirmEmailRoute(app, links, emailChanges, writeNotice);
  addSettingsRoutes(app, sessions, totp, confirmPassword);
  addTwoFactorRoutes(app, totp, recoveryCodes, totpSecrets, confirmPassword, findNotice);
  addPasskeyRoutes(app, users, passkeys, passkeyOptions, confirmPassword, findNotice);
  addExportRoute(app, repositories, rateLimits, confirmPassword);
  addMessageRoutes(app, repositories, rateLimits, renderHomeTimeline);
  addReportRoutes(app, repositories, rateLimits);
  addModerationRoutes(app, repositories);
  addDecisionRoutes(app, repositories);
  addFollowRoutes(app, followers, findOtherUser);
  addBlockRoutes(app, blocks, findOtherUser);
  addMuteRoutes(app, mutes, findOtherUser);
  // The last route, because almost any path can be a username.
  addUserTimelineRoutes(app, repositories, rateLimits, renderTimeline);

  app.use(notFound);
  app.use(renderErrorPage);
  return app;
}
