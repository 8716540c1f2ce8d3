import type { RequestHandler } from 'express';
import helmet from 'helmet';
import type { Config } from '../../config/config.ts';

// Pages use none of these, and a script that got in could not use them either.
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

/** Returns middleware whose headers let browsers run, load and embed nothing but our own files. */
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
    // Nothing to other sites; to ourselves, so that the cross-origin protection can tell it is us.
    referrerPolicy: { policy: 'same-origin' },
    // For browsers that do not know `frame-ancestors`.
    xFrameOptions: { action: 'deny' },
    // This host alone, unless HSTS=site: other servers below its domain may have no https.
    strictTransportSecurity: { includeSubDomains: hsts === 'site' },
  });
  return [setPermissions, setOthers];
}
