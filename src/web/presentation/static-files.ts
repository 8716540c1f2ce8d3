import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** A file that every reader gets alike, with what its answers need. */
export interface StaticFile {
  /** As in its folder: `style.css`. */
  name: string;
  /** Of its content, in hexadecimal. */
  hash: string;
  body: Buffer;
  /** What is smaller than the body, smallest first. */
  compressed: { encoding: 'br' | 'gzip'; body: Buffer }[];
}

/** What somebody means who asks for a file: this very content, another version of it, or whatever it is. */
export type Fingerprint = 'this' | 'another' | 'any';

/** The files of a folder. */
export interface StaticFiles {
  /**
   * Gives the address of a file by its name, with a hash of the content in it: `/static/style.3f2a1b9c.css`.
   * Throws when there is no such file.
   */
  staticUrl: (name: string) => string;
  /** Finds a file by what stands behind `/static/`, with or without a hash; null when there is none. */
  findStaticFile: (asked: string) => { file: StaticFile; version: Fingerprint } | null;
}

const HASH_LENGTH = 8;
// Another version of MiniTwit may make longer ones.
const HASH_IN_NAME = /\.([0-9a-f]{8,64})(?=\.|$)/;

/** Reads and compresses the files of a folder, once for ever: nothing is read when they are asked for. */
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
    findStaticFile(asked) {
      const hash = HASH_IN_NAME.exec(asked)?.[1];
      const file = files.get(asked.replace(HASH_IN_NAME, ''));
      if (!file) return null;
      if (hash === undefined) return { file, version: 'any' };
      return { file, version: hash === file.hash ? 'this' : 'another' };
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
    .toSorted((one, other) => one.body.length - other.body.length);
  return { name, hash, body, compressed };
}
