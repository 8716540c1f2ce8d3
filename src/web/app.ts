import { fileURLToPath } from 'node:url';
import express, { type Express } from 'express';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { sanitizeHeaders } from './middleware/sanitize-headers.ts';
import { rejectCrossOrigin } from './middleware/cross-origin.ts';
import { notFound, renderErrorPage } from './middleware/errors.ts';
import { flash } from './middleware/flash.ts';
import { limitInFlight } from './middleware/in-flight.ts';
import { logRequests } from './middleware/request-log.ts';
import { requireForm } from './middleware/request-form.ts';
import { rejectMultipleHosts } from './middleware/request-hosts.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { setUserLocals } from './middleware/user-locals.ts';
import { session } from './middleware/session.ts';
import type { Passwords } from './passwords/passwords.ts';
import { readStaticFiles } from './presentation/static-files.ts';
import { useTemplates } from './presentation/templates.ts';
import { createRenderTimeline } from './presentation/timeline-pages.ts';
import type { RateLimits } from '../repositories/rate-limits.ts';
import type { Repositories } from '../repositories/repositories.ts';
import { addAvatarRoutes } from './routes/avatars.ts';
import { addFollowRoutes } from './routes/follows.ts';
import { addHealthRoutes, type Readiness } from './routes/health.ts';
import { addLoginRoutes } from './routes/login.ts';
import { addLogoutRoutes } from './routes/logout.ts';
import { addMessageRoutes } from './routes/messages.ts';
import { createReadPage } from './routes/read-page.ts';
import { addSecurityTxtRoute } from './routes/security-txt.ts';
import { addRegisterRoutes } from './routes/register.ts';
import { addStaticFileRoutes } from './routes/static-files.ts';
import {
  addTimelineRoutes,
  addUserTimelineRoutes,
  createRenderHomeTimeline,
} from './routes/timelines.ts';

const STATIC = fileURLToPath(new URL('../../static', import.meta.url));
// Some times as much as the longest message: 1,000 code points are at most 12,000 bytes in a form.
const BODY_LIMIT_BYTES = 32 * 1024;
// A process answers a page within milliseconds: what would wait behind these requests is refused instead.
const IN_FLIGHT_LIMITS = {
  maxConcurrent: 250,
  // More would not be faster, and the event loop would come to the requests of others later.
  maxConcurrentPerAddress: 25,
  maxQueued: 500,
  maxQueuedPerAddress: 250,
};
// Some times as many as a form of ours has: a name that is repeated a thousand times takes milliseconds to parse.
const FIELDS_MAX = 50;

/** What the application works with; whoever opened it closes it. */
export interface Dependencies {
  config: Omit<Config, 'database'>;
  repositories: Repositories;
  rateLimits: RateLimits;
  passwords: Passwords;
  isReady: Readiness;
  logger: Logger;
}

/** Everything that a request meets, in order. */
export function createApp(dependencies: Dependencies): Express {
  const { config, repositories, rateLimits, passwords, isReady, logger } = dependencies;
  const { users, messages, followers, sessions, timelines } = repositories;
  const app = express();
  app.set('trust proxy', config.trustProxy);
  // as in MiniTwit, /public and /Public are two addresses
  app.enable('case sensitive routing');
  app.disable('x-powered-by');
  // those pages that may be kept have one of their own
  app.disable('etag');
  const staticFiles = readStaticFiles(STATIC);
  const sendTimeline = createRenderTimeline(messages, useTemplates(app, config, staticFiles));
  const readPage = createReadPage(rateLimits);
  const showMyTimeline = createRenderHomeTimeline(timelines, sendTimeline);

  app.use(logRequests(logger));
  app.use(sanitizeHeaders(config));
  app.use(securityHeaders(config));
  app.use(rejectMultipleHosts);
  addStaticFileRoutes(app, staticFiles);
  addAvatarRoutes(app);
  addHealthRoutes(app, isReady);
  addSecurityTxtRoute(app, config.securityContact);

  app.use(flash(config));
  // before anything that can fail: the page that says so can still show what was typed
  app.use(requireForm);
  app.use(
    express.urlencoded({
      extended: false,
      limit: BODY_LIMIT_BYTES,
      parameterLimit: FIELDS_MAX,
    }),
  );
  app.use(rejectCrossOrigin);
  app.use(limitInFlight(IN_FLIGHT_LIMITS));
  app.use(session(sessions, config));
  app.use(setUserLocals);

  addTimelineRoutes(app, timelines, sendTimeline, showMyTimeline, readPage);
  addLoginRoutes(app, users, passwords, rateLimits, config, showMyTimeline);
  addRegisterRoutes(app, users, passwords, rateLimits, config);
  addLogoutRoutes(app, config);
  addMessageRoutes(app, messages, rateLimits, showMyTimeline);
  addFollowRoutes(app, users, followers, rateLimits);
  addUserTimelineRoutes(app, repositories, sendTimeline, readPage);

  app.use(notFound);
  app.use(renderErrorPage);
  return app;
}
