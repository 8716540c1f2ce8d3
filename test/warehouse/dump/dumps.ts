import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { DatabaseConfig } from '../../../src/config/config.ts';
import { withConnection } from '../../../src/database/with-connection.ts';
import { createCopyEndpoint } from '../../../src/warehouse/copy/endpoint.ts';
import type { Dump } from '../../../src/warehouse/dump/read-dump.ts';
import { type RestoreOptions, restoreDump } from '../../../src/warehouse/dump/load-dump.ts';
import { createDump } from '../../../src/warehouse/dump/write-dump.ts';

/** The origin of the tests' dumps. */
export const origin = {
  run: '20261123T001500Z-3f9a',
  program: '1.2.0',
  asOf: '2026-11-23T00:20:00.000Z',
};

/** The whole dump of a database. */
export function dump(config: DatabaseConfig): Promise<Buffer> {
  return withConnection(config, { waitMaxMs: 10_000 }, (connection) =>
    buffer(createDump(createCopyEndpoint('The warehouse', connection), origin)),
  );
}

/** The dump that consists of these bytes. */
export function asDump(bytes: Buffer): Dump {
  return { name: 'of the test', open: async () => Readable.from([bytes]) };
}

/** Restores it. */
export function restore(bytes: Buffer, target: DatabaseConfig, options?: Partial<RestoreOptions>) {
  return restoreDump(asDump(bytes), target, {
    existing: 'refuse',
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...options,
  });
}

/** Its lines. */
export function linesOf(bytes: Buffer): string[] {
  return gunzipSync(bytes).toString().split('\n').slice(0, -1);
}

/** The lines after its header, which names a time. */
export function rowLinesOf(bytes: Buffer): string[] {
  return linesOf(bytes).slice(1);
}

/** The dump of these lines. */
export function fromLines(lines: string[]): Buffer {
  return gzipSync(lines.map((line) => `${line}\n`).join(''));
}
