import type { Request, RequestHandler } from 'express';
import { AppError } from '../../errors/app-error.ts';
import { isFromTrustedProxy } from './trusted-proxy.ts';

/**
 * Refuses two `Host` headers: a proxy and this server may believe different ones. Node uses the first and drops the
 * others, so the raw headers are counted.
 * @throws AppError `invalid`
 */
export const rejectMultipleHosts: RequestHandler = ({ rawHeaders }, _res, next) => {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  if (hosts > 1) throw new AppError('invalid', 'Your request has more than one Host header.');
  next();
};

/** Returns whether a URL, as `Origin` or `Referer` has it, is on a host that this request was sent to. */
export function isSameHost(req: Request, url: string): boolean {
  return matchesHost(req, url, (host) => host);
}

/** Returns whether a URL is on a host that this request was sent to, whatever the scheme and the port. */
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
 * Returns the hosts that this request was sent to: `Host` and, from a trusted proxy, `X-Forwarded-Host`. A page of
 * another site can make a browser send neither with a value of its own.
 */
function requestHosts(req: Request): string[] {
  const forwarded = isFromTrustedProxy(req) ? (req.get('x-forwarded-host') ?? '') : '';
  return [req.get('host') ?? '', ...forwarded.split(',')].map((host) => host.trim());
}

/**
 * Returns a host in one form: lower case, without a dot at the end of its name, and without a default port. Both default
 * ports are dropped, since a proxy that ends https may add either. Returns null for what is no host.
 */
function normalizeHost(host: string): string | null {
  const url = `http://${host}`;
  if (!/^[^\s/?#@\\]+$/.test(host) || !URL.canParse(url)) return null;
  return new URL(url).host.replace(/:443$/, '').replace(/\.(?=:|$)/, '');
}
