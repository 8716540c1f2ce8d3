import { hash } from 'node:crypto';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import type { Request, Response } from 'express';
import { LRUCache } from 'lru-cache';
import { createIsAskedAgain } from './cache-admission.ts';
import { keepBytes } from './copy-buffer.ts';

/** A page that is the same for all readers without a login. */
export interface SharedPage {
  /** Stands for all that it depends on: two pages of which this is the same are the same. */
  key: string;
  /** Makes it. */
  render: () => Promise<RenderedPage>;
}

/** A page as HTML. */
export interface RenderedPage {
  html: Buffer;
  /** Whether all is there that was to be on it. */
  isWhole: boolean;
}

/** Sends a page to a reader without a login. */
export type SendShared = (req: Request, res: Response, page: SharedPage) => Promise<void>;

const CACHE_MAX_BYTES = 24 * 1024 * 1024;
// its key and what it takes to keep one
const BYTES_PER_PAGE = 600;

interface Compressed {
  etag: string;
  gzipped: Buffer;
  isWhole: boolean;
}

/**
 * Keeps pages that are asked for again as browsers take them, compressed. What is kept cannot be wrong: its
 * key is made of all that is on it, which is read from the database each time. There is nothing secret on such
 * a page that its length could tell.
 */
export function createSendShared(): SendShared {
  const cache = new LRUCache<string, Compressed, SharedPage>({
    maxSize: CACHE_MAX_BYTES,
    sizeCalculation: ({ gzipped }) => BYTES_PER_PAGE + gzipped.length,
    fetchMethod: async (_key, _stale, { context: { render } }) => compress(await render()),
    // pushed out while it was made, a page still goes to those who wait for it
    ignoreFetchAbort: true,
  });
  const isAskedAgain = createIsAskedAgain();

  async function make(url: string, page: SharedPage): Promise<Compressed> {
    const { key, render } = page;
    if (!isAskedAgain(numberOf(url))) return compress(await render());
    const made = await cache.forceFetch(key, { context: page });
    // a message has gone since: it would be missing to whoever has its id
    if (!made.isWhole) cache.delete(key);
    return made;
  }

  return async (req, res, page) => {
    const { etag, gzipped } = cache.get(page.key) ?? (await make(req.originalUrl, page));
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

function compress({ html, isWhole }: RenderedPage): Compressed {
  // a little larger than the best, in half the time
  const gzipped = keepBytes(gzipSync(html, { level: constants.Z_BEST_SPEED }));
  const etag = hash('sha256', gzipped, 'base64url').slice(0, 22);
  return { etag: `W/"${etag}"`, gzipped, isWhole };
}

/** A number that no other text is likely to have: 48 bits of its hash. */
function numberOf(text: string): number {
  return hash('sha256', text, 'buffer').readUIntBE(0, 6);
}
