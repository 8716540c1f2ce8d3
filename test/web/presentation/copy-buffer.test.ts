import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { keepBytes } from '../../../src/web/presentation/copy-buffer.ts';

test.each([
  ['a short text', Buffer.from('hello')],
  ['what zlib has made', gzipSync('hello')],
])('%s is kept in as much memory as it has bytes', (_what, bytes) => {
  expect(bytes.buffer.byteLength).toBeGreaterThan(bytes.length);
  const kept = keepBytes(bytes);
  expect(kept).toEqual(bytes);
  expect(kept.buffer.byteLength).toBe(bytes.length);
});
