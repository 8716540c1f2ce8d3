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
 * Writes the status and the headers of a response, with `X-Request-Id` and the security headers. Without headers that
 * were set before, all are one array, which Node writes in a third of the time.
 */
export type WriteHead = (res: ServerResponse, status: number, headers: string[]) => void;

/** Creates `WriteHead` from the headers of all responses. */
export function createWriteHead(common: string[]): WriteHead {
  return (res, status, headers) => {
    const all = [...common, 'X-Request-Id', res.req.id, ...headers];
    ServerResponse.prototype.writeHead.call(res, status, all);
  };
}

/** Adds headers and `X-Request-Id` to all responses of an application. */
export function addToAllResponses(app: Express, common: string[]): void {
  app.response.writeHead = function (this: Response, ...parameters: unknown[]) {
    this.setHeader('X-Request-Id', this.req.id);
    for (let index = 0; index < common.length; index += 2)
      this.setHeader(common[index] as string, common[index + 1] as string);
    return ServerResponse.prototype.writeHead.apply(this, parameters as [number]) as Response;
  };
}
