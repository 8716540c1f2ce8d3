import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** Tells browsers to run, load and embed nothing but what is ours. */
export function securityHeaders({ gravatar }: { gravatar: boolean }): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", ...(gravatar ? ['https://www.gravatar.com'] : [])],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // Nothing to other sites; to ourselves, so that the cross-origin protection can tell it is us.
    referrerPolicy: { policy: 'same-origin' },
    // This host alone: what else is served below its domain is not ours to decide.
    strictTransportSecurity: { includeSubDomains: false },
  });
}
