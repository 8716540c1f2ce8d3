import { gzipSync } from 'node:zlib';
import type { Request, Response } from 'express';
import { expect, test } from 'vitest';
import { createAdmissionFilter } from '../../../src/web/presentation/cache-admission.ts';
import { createSendCacheablePage } from '../../../src/web/presentation/page-cache.ts';

/** Creates a sender of pages, and records how many pages it renders and what it sends. */
function createSender() {
  const sendCacheablePage = createSendCacheablePage(createAdmissionFilter());
  const sent: Buffer[] = [];
  let rendered = 0;
  const res = { vary() {}, type() {}, set: () => res, send: (body: Buffer) => sent.push(body) };
  const send = (url: string, key: string) =>
    sendCacheablePage(
      { originalUrl: url, acceptsEncodings: () => 'gzip' } as unknown as Request,
      res as unknown as Response,
      {
        key,
        render: async () => {
          rendered++;
          return { html: Buffer.from(key), isComplete: true };
        },
      },
    );
  return { send, sent, countRendered: () => rendered };
}

test('caches a page whose URL is requested twice', async () => {
  const { send, countRendered } = createSender();
  for (let time = 0; time < 4; time++) await send('/public', 'the same');
  expect(countRendered()).toBe(2);
});

test('renders a page once for all requests at the same time', async () => {
  const { send, sent, countRendered } = createSender();
  await send('/public', 'before');
  await Promise.all(Array.from({ length: 10 }, () => send('/public', 'after')));
  expect(sent).toHaveLength(11);
  expect(countRendered()).toBe(2);
});

test('a cached page does not retain a larger block of memory', async () => {
  const { send, sent } = createSender();
  for (let time = 0; time < 3; time++) await send('/public', 'the same');
  expect(gzipSync('the same').buffer.byteLength).toBeGreaterThan(1000);
  for (const body of sent) expect(body.buffer.byteLength).toBe(body.length);
});
