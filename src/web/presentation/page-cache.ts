import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import { LRUCache } from 'lru-cache';
import type { Renames } from '../../repositories/renames.ts';
import type { InFlight, StartedRequests } from '../middleware/in-flight.ts';
import { hasSeveralHosts } from '../middleware/request-hosts.ts';
import type { WriteHead } from '../middleware/security-headers.ts';
import type { ByteString } from './byte-string.ts';
import type { AdmissionFilter } from './cache-admission.ts';
import { type Encoding, findEncoding } from './encoding.ts';
import { createPageResponse, type PageResponse, sendPage } from './page-response.ts';

/** A page that is the same for all readers without a login. */
export interface CacheablePage<Content> {
  /** A name that no other page has. It is the URL of a page whose requests can be answered before their route. */
  name: string;
  /**
   * Reads the content from the database, as it is at the time of the call or later.
   * @throws AppError if the page does not exist any more
   */
  read: () => Promise<Content>;
  /** Returns a text that differs for different content. */
  createKey: (content: Content) => string;
  render: (content: Content, renameCount: number) => Promise<RenderedPage>;
  /** Whether each request has to pass all middleware, because it counts towards a limit. */
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
  send(req: Request, res: Response, page: CacheablePage<Content>): Promise<void>;
}

/** Everything that the cache needs. */
export interface PageCacheOptions {
  isRepeated: AdmissionFilter;
  inFlight: InFlight;
  /** The cache adds the requests that it has started and passed on. */
  started: StartedRequests;
  renames: Pick<Renames, 'countRenames' | 'leasedCount'>;
  /** Writes the status and the headers of a response, with those of all responses. */
  writeHead: WriteHead;
}

/** A page, with what shows whether it is current. */
interface CachedPage<Content> {
  page: CacheablePage<Content>;
  /** The route of Express, for the log and the metrics. */
  route: unknown;
  key: string;
  renameCount: number;
  response: PageResponse;
}

const CACHE_MAX_BYTES = 24 * 1024 * 1024;
// The memory of an entry without its name, its key and its body.
const ENTRY_BYTES = 1200;

/**
 * Creates the cache of pages. An entry is never stale: its key contains everything on the page but the names of authors,
 * and is read from the database for each request. The names are valid for one number of renames. Only a picture from
 * Gravatar can be outdated, as in the cache of messages. The length of a compressed page reveals no secret, since such a
 * page has none.
 */
export function createPageCache<Content>({
  isRepeated,
  inFlight,
  started,
  renames,
  writeHead,
}: PageCacheOptions): PageCache<Content> {
  const cache = new LRUCache<string, CachedPage<Content>>({
    maxSize: CACHE_MAX_BYTES,
    sizeCalculation: ({ key, response }, name) =>
      ENTRY_BYTES + name.length + key.length + response.body.length,
  });
  // The pages that are being rendered, by all that they depend on, so that each is rendered once for all requests that wait
  // for it. There are at most as many as requests in flight.
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
    // A page is found by its path alone, since a client can invent any number of queries.
    const cached = isPlain ? cache.get(entryName(findEncoding(headers), url)) : undefined;
    return cached?.page.isLimited ? undefined : cached;
  }

  function isCurrent(cached: CachedPage<Content>, content: Content, renameCount: number): boolean {
    return cached.renameCount === renameCount && cached.key === cached.page.createKey(content);
  }

  async function render(
    req: Request,
    page: CacheablePage<Content>,
    content: Content,
    renameCount: number,
  ): Promise<CachedPage<Content>> {
    const encoding = findEncoding(req.headers);
    const name = entryName(encoding, page.name);
    const { html, isComplete } = await page.render(content, renameCount);
    const { route } = req as { route: unknown };
    const key = page.createKey(content);
    const response = createPageResponse(html, encoding);
    const cached = { page, route, key, renameCount, response };
    // A page that lacks a message of its key is not cached: if an operator restores that row, the page must show it.
    if (isComplete && isRepeated(hashToNumber(name))) cache.set(name, cached);
    return cached;
  }

  return {
    async sendCurrent(req, res, next) {
      const cached = findPage(req);
      if (!cached) return next();
      const start = inFlight.startNow(req, res) ?? inFlight.start(req, res);
      let reading: Promise<Content> | undefined;
      try {
        const finish = await start;
        reading = cached.page.read();
        const content = await reading;
        const renameCount = renames.leasedCount() ?? (await renames.countRenames());
        if (res.closed) return finish();
        if (isCurrent(cached, content, renameCount)) {
          (req as Request).route = cached.route;
          sendPage(req, res, cached.response, writeHead);
          return finish();
        }
      } catch {
        // The same error is reported with a page by the middleware, or by the route.
      }
      started.set(res, start);
      if (reading) reads.set(req, reading);
      next();
    },

    async send(req, res, page) {
      const content = await (reads.get(req) ?? page.read());
      const renameCount = await renames.countRenames();
      const name = entryName(findEncoding(req.headers), page.name);
      let cached = cache.get(name);
      if (!cached || !isCurrent(cached, content, renameCount)) {
        const version = `${name} ${renameCount} ${page.createKey(content)}`;
        const rendering = renderings.get(version) ?? render(req, page, content, renameCount);
        renderings.set(version, rendering);
        cached = await rendering.finally(() => renderings.delete(version));
      }
      sendPage(req, res, cached.response, writeHead);
    },
  };
}

function entryName(encoding: Encoding, pageName: string): string {
  return `${encoding} ${pageName}`;
}

// The first 48 bits of a hash.
function hashToNumber(text: string): number {
  return hash('sha256', text, 'buffer').readUIntBE(0, 6);
}
