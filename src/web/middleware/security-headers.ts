import { ServerResponse } from 'node:http';
import type { Express, Request, Response } from 'express';
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

/**
 * Returns the headers that restrict pages to files of MiniTwit, and of Gravatar if it is on: names and values,
 * alternately. They are the same for all responses.
 */
export function listSecurityHeaders({
  gravatar,
  hsts,
}: Pick<Config, 'gravatar' | 'hsts'>): string[] {
  const setHeaders = helmet({
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
  const headers = ['Permissions-Policy', PERMISSIONS_POLICY];
  const recorder = {
    setHeader: (name: string, value: string) => void headers.push(name, value),
    removeHeader: () => undefined,
  };
  setHeaders({} as Request, recorder as unknown as Response, (error?: unknown) => {
    if (error) throw error;
  });
  return headers;
}

/**
 * Writes the status and the headers of a page, with those of all responses. If no header was set before, all are one
 * array, which Node writes in a third of the time.
 * @param headers names and values, alternately
 */
export type WriteHead = (res: ServerResponse, status: number, headers: string[]) => void;

/** Creates `WriteHead`. */
export function createWriteHead(securityHeaders: string[]): WriteHead {
  return (res, status, headers) => {
    const all = [...securityHeaders, 'X-Request-Id', res.req.id, ...headers];
    ServerResponse.prototype.writeHead.call(res, status, all);
  };
}

/**
 * Returns the headers of a response that depends on the session.
 * @param user null without a login
 */
export function listPrivateHeaders(user: object | null): string[] {
  // After a logout, the Back button must not show the user's pages to the next reader.
  return user ? FOR_USER : FOR_VISITOR;
}

const FOR_USER = ['Vary', 'Cookie', 'Cache-Control', 'private, no-store'];
const FOR_VISITOR = ['Vary', 'Cookie', 'Cache-Control', 'private, no-cache'];

/** Adds the headers of all responses, and private headers after the session was read, unless the route has set them. */
export function addHeadersToAllResponses(app: Express, securityHeaders: string[]): void {
  app.response.writeHead = function (this: Response, ...parameters: unknown[]) {
    const { user } = this.locals;
    const all = [...securityHeaders, 'X-Request-Id', this.req.id];
    if (user !== undefined) all.push(...listPrivateHeaders(user));
    for (let index = 0; index < all.length; index += 2) {
      const name = all[index] as string;
      if (!this.hasHeader(name)) this.setHeader(name, all[index + 1] as string);
    }
    return ServerResponse.prototype.writeHead.apply(this, parameters as [number]) as Response;
  };
}
