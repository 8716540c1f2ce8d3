import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler } from 'express';
import { AppError } from '../../errors/app-error.ts';
import { isFromTrustedProxy } from './trusted-proxy.ts';

/**
 * Refuses a request with several `Host` headers.
 * @throws AppError `invalid`
 */
export const rejectMultipleHosts: RequestHandler = (req, _res, next) => {
  if (hasSeveralHosts(req))
    throw new AppError('invalid', 'Your request has more than one Host header.');
  next();
};

/**
 * Returns whether a request has several `Host` headers, because a proxy and this server could use different ones. Node
 * uses the first and drops the others, so this counts the raw headers.
 */
export function hasSeveralHosts({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): boolean {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts > 1;
}

/** The address of this site, as the browser of a request has it. */
export interface Site {
  /** The host name and the port, unless it is a default port. */
  host: string;
  hostname: string;
}

/** Returns the site of a request, and null if its `Host`, or a trusted proxy's `X-Forwarded-Host`, is not a host. */
export function findSite(req: Request): Site | null {
  const host = normalizeHost(req.host);
  return host === null ? null : { host, hostname: new URL(`http://${host}`).hostname };
}

/** Returns whether a URL from `Origin` or `Referer` is on the host of this request. The port must be the same. */
export function isSameHost(req: Request, url: string): boolean {
  return matchesHost(req, url, (host) => host);
}

/** Returns whether a URL is on the hostname of this request, with any scheme and port. */
export function isSameHostname(req: Request, url: string): boolean {
  return matchesHost(req, url, (host) => host.replace(/:\d+$/, ''));
}

function matchesHost(req: Request, url: string, part: (host: string) => string): boolean {
  const host = URL.canParse(url) ? normalizeHost(new URL(url).host) : null;
  if (host === null) return false;
  return requestHosts(req).some((own) => {
    const comparable = normalizeHost(own);
    return comparable !== null && part(comparable) === part(host);
  });
}

/**
 * Returns the hosts of this request: `Host` and, from a trusted proxy, `X-Forwarded-Host`. A page of another site
 * cannot make a browser send either header with a value of its choice.
 */
function requestHosts(req: Request): string[] {
  const forwarded = isFromTrustedProxy(req) ? (req.get('x-forwarded-host') ?? '') : '';
  return [req.get('host') ?? '', ...forwarded.split(',')].map((host) => host.trim());
}

/**
 * Returns a host in lower case, without a dot at the end of the name, and without the ports 80 and 443: a proxy that
 * terminates TLS may add either of them. Returns null if the text is not a host.
 */
function normalizeHost(host: string): string | null {
  const url = `http://${host}`;
  if (!/^[^\s/?#@\\]+$/.test(host) || !URL.canParse(url)) return null;
  return new URL(url).host.replace(/:443$/, '').replace(/\.(?=:|$)/, '');
}
