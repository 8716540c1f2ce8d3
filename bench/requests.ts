import { createHmac } from 'node:crypto';
import { SESSION_COOKIE } from '../src/web/middleware/login.ts';
import { sessionIdOf } from './data.ts';
import { SESSION_SECRET } from './servers.ts';

/** A browser's request, with the expected response. */
export interface WebRequest {
  path: string;
  /** The logged-in user. Without it, the request has no session. */
  userId?: number;
  /** The fields of a POST. Without it, the request is a GET. */
  form?: Record<string, string>;
  /** Whether the request has no Accept-Encoding, so that the response is not compressed. */
  isPlain?: boolean;
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

/** Returns the headers of a request, without those on its connection and its length. */
export function headersOf({ userId, form, isPlain }: WebRequest): Record<string, string> {
  const { 'Accept-Encoding': encodings, ...headers } = HEADERS;
  return {
    ...headers,
    ...(!isPlain && { 'Accept-Encoding': encodings }),
    ...(userId !== undefined && { Cookie: sessionCookie(userId) }),
    ...(form && { 'Content-Type': 'application/x-www-form-urlencoded' }),
  };
}

/** Returns the method of a request. */
export function methodOf({ form }: WebRequest): string {
  return form ? 'POST' : 'GET';
}

/** Returns the body of a request, or null. */
export function bodyOf({ form }: WebRequest): string | null {
  return form ? new URLSearchParams(form).toString() : null;
}

/** Returns a session cookie that is signed as express-session signs it. */
function sessionCookie(userId: number): string {
  const id = sessionIdOf(userId);
  const signature = createHmac('sha256', SESSION_SECRET).update(id).digest('base64');
  return `${SESSION_COOKIE}=${encodeURIComponent(`s:${id}.${signature.replace(/=+$/, '')}`)}`;
}
