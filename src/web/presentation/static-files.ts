import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** A file that is the same for all readers. */
export interface StaticFile {
  /** The name in its folder: `style.css`. */
  name: string;
  /** The hash of its content, in hexadecimal. */
  hash: string;
  body: Buffer;
  /** The compressed bodies that are smaller than the body, smallest first. */
  compressed: { encoding: 'br' | 'gzip'; body: Buffer }[];
}

/**
 * Whether a URL has the hash of the file's content: `stale` is the hash of another version, `none` is a URL
 * without a hash.
 */
export type Fingerprint = 'current' | 'stale' | 'none';

/** The files of a folder. */
export interface StaticFiles {
  /**
   * Returns the URL of a file, with a hash of its content: `/static/style.3f2a1b9c.css`.
   * @throws Error if there is no such file
   */
  staticUrl: (name: string) => string;
  /** Returns the file for a URL's name behind `/static/`, with or without a hash, or null if there is none. */
  findStaticFile: (urlName: string) => { file: StaticFile; fingerprint: Fingerprint } | null;
}

const HASH_LENGTH = 8;
// A later version of MiniTwit may have longer hashes.
const HASH_IN_NAME = /\.([0-9a-f]{8,64})(?=\.|$)/;

/** Reads and compresses all files of a folder. Requests for them then read nothing from the disk. */
export function readStaticFiles(folder: string): StaticFiles {
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  const files = new Map(
    names.map((name) => [name, createStaticFile(name, readFileSync(join(folder, name)))]),
  );
  return {
    staticUrl(name) {
      const file = files.get(name);
      if (!file) throw new Error(`There is no static file called ${name}.`);
      const { name: stem, ext } = parse(name);
      return `/static/${stem}.${file.hash}${ext}`;
    },
    findStaticFile(urlName) {
      const hash = HASH_IN_NAME.exec(urlName)?.[1];
      const file = files.get(urlName.replace(HASH_IN_NAME, ''));
      if (!file) return null;
      if (hash === undefined) return { file, fingerprint: 'none' };
      return { file, fingerprint: hash === file.hash ? 'current' : 'stale' };
    },
  };
}

function createStaticFile(name: string, body: Buffer): StaticFile {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, HASH_LENGTH);
  const compressed = [
    { encoding: 'br' as const, body: brotliCompressSync(body) },
    { encoding: 'gzip' as const, body: gzipSync(body, { level: constants.Z_BEST_COMPRESSION }) },
  ]
    .filter((each) => each.body.length < body.length)
    .toSorted((a, b) => a.body.length - b.body.length);
  return { name, hash, body, compressed };
}
