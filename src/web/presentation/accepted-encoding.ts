import type { IncomingHttpHeaders } from 'node:http';
import { LRUCache } from 'lru-cache';
import Negotiator from 'negotiator';

/** An encoding of a page: compressed or not. */
export type Encoding = 'gzip' | 'identity';

const ENCODINGS: Encoding[] = ['gzip', 'identity'];

// Most browsers send one of a few values, and to parse it takes longer than all other checks of a request. The result
// depends on the value alone.
const known = new LRUCache<string, Encoding>({ max: 100 });

/** Returns the encoding that a client prefers. Without `Accept-Encoding`, a page is not compressed. */
export function findEncoding(headers: IncomingHttpHeaders): Encoding {
  const accepted = headers['accept-encoding'] ?? '';
  let encoding = known.get(accepted);
  if (encoding === undefined) {
    const isGzipAccepted = new Negotiator({ headers }).encodings(ENCODINGS).includes('gzip');
    encoding = isGzipAccepted ? 'gzip' : 'identity';
    known.set(accepted, encoding);
  }
  return encoding;
}
