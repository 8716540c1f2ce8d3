import type { RequestListener } from 'node:http';
import { fileURLToPath } from 'node:url';
import express, { type Express } from 'express';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { RateLimits } from '../repositories/rate-limits.ts';
import type { Repositories } from '../repositories/repositories.ts';
import { createPasskeyOptions } from './factors/passkey-options.ts';
import { createTotpSecrets } from './factors/totp-secrets.ts';
import { createWriteNotice } from './mail/letters.ts';
import { forUnsafeMethods, requireSameOrigin } from './middleware/cross-origin.ts';
import { createDeviceCookies } from './middleware/device-cookie.ts';
import { notFound, renderErrorPage } from './middleware/errors.ts';
import { addFlash } from './middleware/flash.ts';
import { parseFormBody } from './middleware/form-body.ts';
import {
  createInFlight,
  IN_FLIGHT_LIMITS,
  limitInFlight,
  type StartedRequests,
} from './middleware/in-flight.ts';
import { rejectMultipleHosts } from './middleware/request-hosts.ts';
import { addRedirects } from './middleware/redirects.ts';
import { createRequestLog } from './middleware/request-log.ts';
import { createSanitizeHeaders } from './middleware/sanitize-headers.ts';
import {
  addHeadersToAllResponses,
  createWriteHead,
  listSecurityHeaders,
} from './middleware/security-headers.ts';
import { addSessions } from './middleware/session.ts';
import { setUserLocals } from './middleware/user-locals.ts';
import type { Passwords } from './passwords/passwords.ts';
import { createAdmissionFilter } from './presentation/cache-admission.ts';
import { createPageCache } from './presentation/page-cache.ts';
import { readStaticFiles } from './presentation/static-files.ts';
import { useTemplates } from './presentation/templates.ts';
import { createRenderTimeline, type TimelineContent } from './presentation/timeline-pages.ts';
import type { AccountContext } from './routes/account-context.ts';
import { addAvatarRoutes } from './routes/avatars.ts';
import { addHealthRoutes, type Readiness } from './routes/health.ts';
import { createRenderHomeTimeline } from './routes/home-timeline.ts';
import { addLoginRoutes } from './routes/login/login-routes.ts';
import { addMessageRoutes } from './routes/messages.ts';
import { addModerationRoutes } from './routes/moderation/moderation-routes.ts';
import { addOutboxRoute } from './routes/outbox.ts';
import { addPeopleRoutes } from './routes/people/people-routes.ts';
import { addSecurityTxtRoute } from './routes/security-txt.ts';
import { addSettingsRoutes } from './routes/settings/settings-routes.ts';
import { addStaticFileRoutes } from './routes/static-files.ts';
import { addTimelineRoutes, addUserTimelineRoutes } from './routes/timelines.ts';

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

/** The application: a function for the requests of an HTTP server, with its routes. */
export interface App extends RequestListener {
  router: Express['router'];
}

/**
 * Creates the application. The steps of a request are listed in their order: those of `receive`, then those of Express.
 * Express is called only if the cache of pages does not respond, because Express alone takes half of the time of a page.
 * The cache passes on what the steps before the timelines would refuse, and counts its requests in flight with theirs.
 */
export function createApp(dependencies: Dependencies): App {
  const { config, repositories, rateLimits, passwords, isReady, logger } = dependencies;
  const app = express();
  app.set('trust proxy', config.trustProxy);
  app.disable('x-powered-by');
  // As in MiniTwit, `/public` is the public timeline and `/Public` is the page of a user.
  app.enable('case sensitive routing');
  // Only cached pages and static files have an ETag, and they set their own.
  app.disable('etag');

  const staticFiles = readStaticFiles(STATIC_FOLDER);
  const renderTemplate = useTemplates(app, config, staticFiles);
  const securityHeaders = listSecurityHeaders(config);
  const inFlight = createInFlight(IN_FLIGHT_LIMITS);
  const writeHead = createWriteHead(securityHeaders);
  const started: StartedRequests = new WeakMap();
  const pageCache = createPageCache<TimelineContent>({
    isRepeated: createAdmissionFilter(),
    inFlight,
    started,
    renames: repositories.renames,
    writeHead,
  });
  const renderTimeline = createRenderTimeline(repositories, {
    renderTemplate,
    pageCache,
    isRepeated: createAdmissionFilter(),
    writeHead,
  });
  const renderHomeTimeline = createRenderHomeTimeline(repositories.timelines, renderTimeline);
  const account: AccountContext = {
    config,
    repositories,
    rateLimits,
    passwords,
    devices: createDeviceCookies(config),
    passkeyOptions: createPasskeyOptions(config),
    totpSecrets: createTotpSecrets(config),
    writeNotice: createWriteNotice(config.mail),
  };
  // Every route that shows the login page offers a login with a passkey there.
  app.locals.passkeyLoginOptions = account.passkeyOptions.loginOptions;

  const sanitizeHeaders = createSanitizeHeaders(config);
  const logRequest = createRequestLog(logger, config);
  // These steps come first, in each request.
  const receive: RequestListener = (req, res) => {
    sanitizeHeaders(req.headers);
    logRequest(req, res);
    void pageCache.sendCurrent(req, res, () => app(req, res));
  };

  // The steps of Express. Functions that get `app` add a step here, or change all responses.
  addHeadersToAllResponses(app, securityHeaders);
  addRedirects(app);
  app.use(rejectMultipleHosts);

  // Routes without a form, a session or a limit.
  addStaticFileRoutes(app, staticFiles);
  addAvatarRoutes(app);
  addHealthRoutes(app, isReady, config);
  addSecurityTxtRoute(app, config.securityContact);

  addFlash(app, config);
  // The form is parsed before all checks that can fail, so that the error page shows what the user has typed.
  app.use(forUnsafeMethods(...parseFormBody, requireSameOrigin));
  limitInFlight(app, inFlight, started);
  addSessions(app, repositories.sessions, config);
  app.use(setUserLocals);

  addTimelineRoutes(app, repositories, rateLimits, renderTimeline, renderHomeTimeline);
  addLoginRoutes(app, account, renderHomeTimeline);
  addSettingsRoutes(app, account);
  if (config.mail?.smtp === null) addOutboxRoute(app, repositories.outbox);
  addMessageRoutes(app, repositories, rateLimits, renderHomeTimeline);
  addModerationRoutes(app, repositories, rateLimits);
  addPeopleRoutes(app, repositories, rateLimits);
  // The last route, because almost any path can be a username.
  addUserTimelineRoutes(app, repositories, rateLimits, renderTimeline);

  app.use(notFound);
  app.use(renderErrorPage);
  return Object.assign(receive, { router: app.router });
}
