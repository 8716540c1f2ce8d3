import { createHmac } from 'node:crypto';
import { SESSION_COOKIE } from '../src/web/middleware/session.ts';
import { sessionIdOf } from './data.ts';
import { SESSION_SECRET, type WebServer } from './servers.ts';

/** A browser's request, with the expected response. */
export interface WebRequest {
  path: string;
  /** The logged-in user. Without it, the request has no session. */
  userId?: number;
  /** The fields of a POST. Without it, the request is a GET. */
  form?: Record<string, string>;
  /** A text in the page, or in the Location header of a POST's response. */
  expected: string;
}

// Chromium sends these headers to a site on the same machine.
const HEADERS = {
  'User-Agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Encoding': 'gzip, deflate, br',
  'Accept-Language': 'en-GB,en;q=0.9',
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document',
};

/** Returns the bytes of an HTTP request. */
export function formatRequest(request: WebRequest, host: string): string {
  const body = bodyOf(request);
  const headers = {
    Host: host,
    ...headersOf(request),
    ...(body !== null && { 'Content-Length': String(Buffer.byteLength(body)) }),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${methodOf(request)} ${request.path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`;
}

/**
 * Sends a request once, and returns the response's body.
 * @throws Error if the response is not the expected one
 */
export async function sendRequest(
  server: Pick<WebServer, 'url'>,
  request: WebRequest,
): Promise<string> {
  const body = bodyOf(request);
  const response = await fetch(server.url + request.path, {
    method: methodOf(request),
    headers: headersOf(request),
    body,
    redirect: 'manual',
  });
  const page = await response.text();
  const [status, actual] = request.form
    ? [302, response.headers.get('location') ?? '']
    : [200, page];
  if (response.status !== status || !actual.includes(request.expected)) {
    const expected = `${status} with “${request.expected}”`;
    throw new Error(
      `${request.path} returned ${response.status} instead of ${expected}:\n${actual}`,
    );
  }
  return page;
}

function headersOf({ userId, form }: WebRequest): Record<string, string> {
  return {
    ...HEADERS,
    ...(userId !== undefined && { Cookie: sessionCookie(userId) }),
    ...(form && { 'Content-Type': 'application/x-www-form-urlencoded' }),
  };
}

function methodOf({ form }: WebRequest): string {
  return form ? 'POST' : 'GET';
}

function bodyOf({ form }: WebRequest): string | null {
  return form ? new URLSearchParams(form).toString() : null;
}

/** Returns a session cookie that is signed as express-session signs it. */
function sessionCookie(userId: number): string {
  const id = sessionIdOf(userId);
  const signature = createHmac('sha256', SESSION_SECRET).update(id).digest('base64');
  return `${SESSION_COOKIE}=${encodeURIComponent(`s:${id}.${signature.replace(/=+$/, '')}`)}`;
}
