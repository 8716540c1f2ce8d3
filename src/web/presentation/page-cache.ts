import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import fresh from 'fresh';
import { LRUCache } from 'lru-cache';
import type { Renames } from '../../repositories/renames.ts';
import type { InFlight } from '../middleware/in-flight.ts';
import { hasSeveralHosts } from '../middleware/request-hosts.ts';
import type { WriteHead } from '../middleware/security-headers.ts';
import { type ByteString, toBuffer } from './byte-string.ts';
import type { AdmissionFilter } from './cache-admission.ts';
import { compress, type Encoding, findEncoding } from './encoding.ts';

/** A page that is the same for all readers without a login. */
export interface SharedPage<Content> {
  /**
   * Reads the content from the database, as it is at the time of the call or later.
   * @throws AppError if the page does not exist any more
   */
  read: () => Promise<Content>;
  /** Returns a text that differs for different pages and for different content. */
  keyOf: (content: Content) => string;
  render: (content: Content, renameCount: number) => Promise<RenderedPage>;
  /** Whether each request has to meet all middleware, because it counts towards a limit. */
  isLimited: boolean;
}

/** A page as HTML. */
export interface RenderedPage {
  html: ByteString;
  /** False if a message was deleted while the page was rendered. */
  isComplete: boolean;
}

/** The cache of pages. */
export interface PageCache<Content> {
  /**
   * Sends the page of a request without a cookie, if the cache has it and the database still has the same content.
   * Otherwise calls `next`.
   */
  sendCurrent(req: IncomingMessage, res: ServerResponse, next: () => void): Promise<void>;
  /** Sends a page, from the cache if it is current. Otherwise renders it, and caches it if its URL is requested again. */
  send(req: Request, res: Response, page: SharedPage<Content>): Promise<void>;
}

/** Everything that the cache needs. */
export interface PageCacheOptions {
  isRepeated: AdmissionFilter;
  inFlight: InFlight;
  renames: Pick<Renames, 'countRenames' | 'leasedCount'>;
  /** Writes the status and the headers of a response, with those of all responses. */
  writeHead: WriteHead;
}

/** A response, with what shows whether it is current. */
interface CachedPage<Content> {
  page: SharedPage<Content>;
  /** The route of Express, for the log and the metrics. */
  route: unknown;
  key: string;
  renameCount: number;
  etag: string;
  /** Names and values of headers, alternately. */
  headers: string[];
  body: ByteString;
}

const CACHE_MAX_BYTES = 24 * 1024 * 1024;
// The memory of an entry without its key and its body.
const ENTRY_BYTES = 1200;

/**
 * Creates the cache of pages. An entry is never stale: its key contains everything on the page, and is read from the
 * database for each request. The length of a compressed page reveals no secret, since such a page has none.
 */
export function createPageCache<Content>({
  isRepeated,
  inFlight,
  renames,
  writeHead,
}: PageCacheOptions): PageCache<Content> {
  const cache = new LRUCache<string, CachedPage<Content>>({
    maxSize: CACHE_MAX_BYTES,
    sizeCalculation: ({ key, body }) => ENTRY_BYTES + key.length + body.length,
  });
  // The pages that are being rendered, so that each is rendered once for all requests that wait for it.
  const renderings = new Map<string, Promise<CachedPage<Content>>>();
  // The content that `sendCurrent` has read for requests that it has passed on.
  const reads = new WeakMap<IncomingMessage, Promise<Content>>();

  function findPage(req: IncomingMessage): CachedPage<Content> | undefined {
    const { method, headers, url = '' } = req;
    const isPlain =
      method === 'GET' &&
      !headers.cookie &&
      headers['content-length'] === undefined &&
      headers['transfer-encoding'] === undefined &&
      !hasSeveralHosts(req);
    const cached = isPlain ? cache.get(cacheKey(findEncoding(headers), url)) : undefined;
    return cached?.page.isLimited ? undefined : cached;
  }

  function isCurrent(cached: CachedPage<Content>, content: Content, renameCount: number): boolean {
    return cached.renameCount === renameCount && cached.key === cached.page.keyOf(content);
  }

  function respond(
    req: IncomingMessage,
    res: ServerResponse,
    { etag, headers, body }: CachedPage<Content>,
  ): void {
    const isFresh = req.headers['if-none-match'] !== undefined && fresh(req.headers, { etag });
    if (isFresh) writeHead(res, 304, ['ETag', etag, ...VARIANT_HEADERS]);
    else writeHead(res, 200, headers);
    if (isFresh || req.method === 'HEAD') res.end();
    else res.end(body, 'latin1');
  }

  async function render(
    req: Request,
    page: SharedPage<Content>,
    content: Content,
    renameCount: number,
  ): Promise<CachedPage<Content>> {
    const encoding = findEncoding(req.headers);
    const url = cacheKey(encoding, req.originalUrl);
    const { html, isComplete } = await page.render(content, renameCount);
    const { route } = req as { route: unknown };
    const key = page.keyOf(content);
    const cached = { page, route, key, renameCount, ...createResponse(html, encoding) };
    // The key has the deleted message's id: if the message is restored, the page must show it.
    if (isComplete && isRepeated(hashToNumber(url))) cache.set(url, cached);
    return cached;
  }

  return {
    async sendCurrent(req, res, next) {
      const cached = findPage(req);
      if (!cached) return next();
      // A request that cannot start is refused later, with a page.
      const waiting = () => inFlight.start(req, res).catch(() => null);
      const finish = inFlight.startNow(req, res) ?? (await waiting());
      if (!finish) return next();
      const reading = cached.page.read();
      let isSent = false;
      try {
        const content = await reading;
        const renameCount = renames.leasedCount() ?? (await renames.countRenames());
        isSent = isCurrent(cached, content, renameCount);
        if (isSent) {
          (req as Request).route = cached.route;
          respond(req, res, cached);
        }
      } catch {
        // The route gets the same promise, and reports its error.
      }
      finish();
      if (isSent || res.closed) return;
      reads.set(req, reading);
      next();
    },

    async send(req, res, page) {
      const content = await (reads.get(req) ?? page.read());
      const renameCount = await renames.countRenames();
      const url = cacheKey(findEncoding(req.headers), req.originalUrl);
      let cached = cache.get(url);
      if (!cached || !isCurrent(cached, content, renameCount)) {
        const name = `${url} ${renameCount} ${page.keyOf(content)}`;
        const rendering = renderings.get(name) ?? render(req, page, content, renameCount);
        renderings.set(name, rendering);
        cached = await rendering.finally(() => renderings.delete(name));
      }
      respond(req, res, cached);
    },
  };
}

function cacheKey(encoding: Encoding, url: string): string {
  return `${encoding} ${url}`;
}

const VARIANT_HEADERS = ['Cache-Control', 'private, no-cache', 'Vary', 'Cookie, Accept-Encoding'];

/** Returns a page as a response. */
function createResponse(html: ByteString, encoding: Encoding) {
  const bytes = compress(toBuffer(html), encoding);
  const body = bytes.toString('latin1');
  const etag = `W/"${hash('sha256', bytes, 'base64url').slice(0, 22)}"`;
  const headers = [
    'ETag',
    etag,
    ...VARIANT_HEADERS,
    'Content-Type',
    'text/html; charset=utf-8',
    ...(encoding === 'identity' ? [] : ['Content-Encoding', encoding]),
    'Content-Length',
    String(body.length),
  ];
  return { etag, headers, body };
}

// The first 48 bits of a hash.
function hashToNumber(text: string): number {
  return hash('sha256', text, 'buffer').readUIntBE(0, 6);
}
