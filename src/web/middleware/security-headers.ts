import type { RequestHandler } from 'express';
import helmet from 'helmet';
import type { Config } from '../../config/config.ts';

// Pages use none of these features, so an injected script cannot use them either.
const PERMISSIONS_POLICY = [
  'camera',
  'display-capture',
  'geolocation',
  'microphone',
  'midi',
  'payment',
  'usb',
]
  .map((feature) => `${feature}=()`)
  .join(', ');

/** Returns middleware that sets headers which restrict pages to files of MiniTwit, and of Gravatar if it is on. */
export function securityHeaders({
  gravatar,
  hsts,
}: Pick<Config, 'gravatar' | 'hsts'>): RequestHandler[] {
  const setPermissions: RequestHandler = (_req, res, next) => {
    res.set('Permissions-Policy', PERMISSIONS_POLICY);
    next();
  };
  const setOthers = helmet({
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
    // MiniTwit itself needs the referrer for its cross-origin protection. Other sites receive none.
    referrerPolicy: { policy: 'same-origin' },
    // For browsers that do not support `frame-ancestors`.
    xFrameOptions: { action: 'deny' },
    // Servers on subdomains may not support https, so HSTS covers them only if the operator opts in.
    strictTransportSecurity: { includeSubDomains: hsts === 'site' },
  });
  return [setPermissions, setOthers];
}
