import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import fresh from 'fresh';
import type { WriteHead } from '../middleware/security-headers.ts';
import { type ByteString, toBuffer } from './byte-string.ts';
import { compress, type Encoding } from './encoding.ts';

/** A page as a response, which can be sent any number of times. */
export interface PageResponse {
  etag: string;
  /** Names and values of headers, alternately. */
  headers: string[];
  body: ByteString;
}

// A browser stores the page, and asks each time whether it is current.
const CACHE_HEADERS = ['Cache-Control', 'private, no-cache', 'Vary', 'Cookie, Accept-Encoding'];

/** Creates the response with a page that is the same for all readers without a login. */
export function createPageResponse(html: ByteString, encoding: Encoding): PageResponse {
  const bytes = compress(toBuffer(html), encoding);
  const etag = `W/"${hash('sha256', bytes, 'base64url').slice(0, 22)}"`;
  const headers = [
    'ETag',
    etag,
    ...CACHE_HEADERS,
    'Content-Type',
    'text/html; charset=utf-8',
    ...(encoding === 'identity' ? [] : ['Content-Encoding', encoding]),
    'Content-Length',
    String(bytes.length),
  ];
  return { etag, headers, body: bytes.toString('latin1') };
}

/** Sends a page, and 304 without a body to a client that has it. */
export function sendPage(
  req: IncomingMessage,
  res: ServerResponse,
  { etag, headers, body }: PageResponse,
  writeHead: WriteHead,
): void {
  const isFresh = req.headers['if-none-match'] !== undefined && fresh(req.headers, { etag });
  if (isFresh) writeHead(res, 304, ['ETag', etag, ...CACHE_HEADERS]);
  else writeHead(res, 200, headers);
  if (isFresh || req.method === 'HEAD') res.end();
  else res.end(body, 'latin1');
}
