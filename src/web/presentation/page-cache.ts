import { hash } from 'node:crypto';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import type { Request, Response } from 'express';
import { LRUCache } from 'lru-cache';
import type { AdmissionFilter } from './cache-admission.ts';

/** A page that is the same for all readers without a login. */
export interface CacheablePage {
  /** Pages with the same key have the same content. */
  key: string;
  render: () => Promise<RenderedPage>;
}

/** A page as HTML. */
export interface RenderedPage {
  html: Buffer;
  /** False if a message was deleted while the page was rendered. */
  isComplete: boolean;
}

/** Sends a page from the cache, or renders it first. */
export type SendCacheablePage = (req: Request, res: Response, page: CacheablePage) => Promise<void>;

interface CompressedPage {
  etag: string;
  gzipped: Buffer;
  isComplete: boolean;
}

const CACHE_MAX_BYTES = 24 * 1024 * 1024;
// The memory of an entry, with its key, without the page.
const ENTRY_BYTES = 600;

/**
 * Creates the cache of compressed pages. An entry is never stale: its key is a hash of everything on the page,
 * which is read from the database for each request. The length of a compressed page reveals no secret, since such
 * a page has none.
 */
export function createSendCacheablePage(isRepeated: AdmissionFilter): SendCacheablePage {
  const cache = new LRUCache<string, CompressedPage, CacheablePage>({
    maxSize: CACHE_MAX_BYTES,
    sizeCalculation: ({ gzipped }) => ENTRY_BYTES + gzipped.length,
    fetchMethod: async (_key, _stale, { context: { render } }) => compress(await render()),
    // A page that is evicted while it is rendered is sent to the readers who wait for it.
    ignoreFetchAbort: true,
  });

  async function createPage(url: string, page: CacheablePage): Promise<CompressedPage> {
    if (!isRepeated(hashToNumber(url))) return compress(await page.render());
    const compressed = await cache.forceFetch(page.key, { context: page });
    // The key has the deleted message's id: if the message is restored, the page must show it.
    if (!compressed.isComplete) cache.delete(page.key);
    return compressed;
  }

  return async (req, res, page) => {
    const { etag, gzipped } = cache.get(page.key) ?? (await createPage(req.originalUrl, page));
    res.vary('Accept-Encoding');
    res.set('ETag', etag);
    res.type('html');
    if (req.acceptsEncodings('gzip')) {
      res.set('Content-Encoding', 'gzip').send(gzipped);
    } else {
      res.send(gunzipSync(gzipped));
    }
  };
}

function compress({ html, isComplete }: RenderedPage): CompressedPage {
  // The fastest level takes half the time of the default level, and its result is only slightly larger.
  const bytes = gzipSync(html, { level: constants.Z_BEST_SPEED });
  // A copy, because zlib's result retains a block of 16 KB.
  const gzipped = Buffer.alloc(bytes.length, bytes);
  const etag = hash('sha256', gzipped, 'base64url').slice(0, 22);
  return { etag: `W/"${etag}"`, gzipped, isComplete };
}

// The first 48 bits of a hash.
function hashToNumber(text: string): number {
  return hash('sha256', text, 'buffer').readUIntBE(0, 6);
}
