import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { exchange, readText } from '../../bench/exchange.ts';
import { captureResponses } from '../../bench/node-responses.ts';
import { startServer } from '../../bench/servers.ts';
import { listen } from '../../src/web/server/listen.ts';

test('Node alone sends the status, headers and bytes of the captured responses in turn', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-bench-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const url = await servePages();
  const path = join(folder, 'responses');
  const requests = ['/a', '/b'].map((page) => ({ path: page, expected: page }));
  await captureResponses({ url }, requests, path);
  const alone = await startServer('nodeAlone', folder, { settings: { RESPONSES: path } });
  onTestFinished(() => alone.stop());
  const pages = [];
  for (let time = 0; time < 2; time++) {
    const response = await exchange(alone, { path: '/', expected: 'page' });
    expect(response.headers).toEqual(
      expect.arrayContaining(['X-Twice', 'one', 'other', 'Content-Encoding', 'gzip', 'Date']),
    );
    pages.push(readText(response));
  }
  // Its first response was the one that showed that it runs.
  expect(pages.toSorted()).toEqual(['page /a', 'page /b']);
});

test('a request for a plain page fails if the page is compressed', async () => {
  const url = await servePages();
  const request = { path: '/a', expected: '/a', isPlain: true };
  await expect(exchange({ url }, request)).rejects.toThrow('/a is compressed.');
});

test('no-caches.ts turns off caches with a maximal size in bytes, and no other ones', async () => {
  const program = `
    const { LRUCache } = await import('lru-cache');
    const caches = [{ maxSize: 100, sizeCalculation: () => 1 }, { max: 100 }].map(
      (options) => new LRUCache(options).set('key', 'value'),
    );
    console.log(JSON.stringify(caches.map((cache) => [cache.get('key') ?? null, cache.size])));`;
  const module = new URL('../../bench/no-caches.ts', import.meta.url).href;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    module,
    '-e',
    program,
  ]);
  expect(JSON.parse(stdout)).toEqual([
    [null, 0],
    ['value', 1],
  ]);
});

/** Starts a server that answers with a compressed page, which has the request's path. */
async function servePages(): Promise<string> {
  const server = createServer((req, res) => {
    const body = gzipSync(`page ${req.url}`);
    const headers = ['X-Twice', 'one', 'X-Twice', 'other', 'Content-Encoding', 'gzip'];
    res.writeHead(200, [...headers, 'Content-Length', String(body.length)]).end(body);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const port = await listen(server, { host: '127.0.0.1', port: 0, setting: 'PORT' });
  return `http://127.0.0.1:${port}`;
}
