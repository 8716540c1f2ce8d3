import { hash } from 'node:crypto';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import type { Request, Response } from 'express';
import { LRUCache } from 'lru-cache';
import { createIsAskedAgain } from './asked-again.ts';
import { keepBytes } from './kept-bytes.ts';

/** A page that is the same for all readers without a login. */
export interface SharedPage {
  /** All that it depends on: two pages of which this is the same are the same. */
  content: string;
  /** Makes it. */
  render: () => Promise<Buffer>;
}

/** Sends a page to a reader without a login. */
export type SendShared = (req: Request, res: Response, page: SharedPage) => Promise<void>;

const CACHE_MAX_BYTES = 24 * 1024 * 1024;
// its content and what it takes to keep one
const BYTES_PER_PAGE = 800;

interface Compressed {
  etag: string;
  gzipped: Buffer;
}

/**
 * Keeps pages that are asked for again as browsers take them, compressed. What is kept cannot be wrong: the
 * content, which is read from the database each time, is its key. There is nothing secret on such a page that
 * its length could tell.
 */
export function createSendShared(): SendShared {
  const cache = new LRUCache<string, Compressed, SharedPage>({
    maxSize: CACHE_MAX_BYTES,
    sizeCalculation: ({ gzipped }) => BYTES_PER_PAGE + gzipped.length,
    fetchMethod: async (_content, _stale, { context: { render } }) => compress(await render()),
  });
  const isAskedAgain = createIsAskedAgain();

  async function make(url: string, page: SharedPage): Promise<Compressed> {
    const { content, render } = page;
    if (isAskedAgain(numberOf(url))) return cache.forceFetch(content, { context: page });
    return compress(await render());
  }

  return async (req, res, page) => {
    const { etag, gzipped } = cache.get(page.content) ?? (await make(req.originalUrl, page));
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

function compress(html: Buffer): Compressed {
  // a little larger than the best, in half the time
  const gzipped = keepBytes(gzipSync(html, { level: constants.Z_BEST_SPEED }));
  const etag = hash('sha256', gzipped, 'base64url').slice(0, 22);
  return { etag: `W/"${etag}"`, gzipped };
}

/** A number that no other text is likely to have: 48 bits of its hash. */
function numberOf(text: string): number {
  return hash('sha256', text, 'buffer').readUIntBE(0, 6);
}
