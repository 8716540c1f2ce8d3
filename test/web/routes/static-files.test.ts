import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express, { type Express } from 'express';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { notFound, renderErrorPage } from '../../../src/web/middleware/errors.ts';
import { readStaticFiles } from '../../../src/web/presentation/static-files.ts';
import { useTemplates } from '../../../src/web/presentation/templates.ts';
import { addStaticFileRoutes } from '../../../src/web/routes/static-files.ts';
import { expectErrorPage } from '../../support/bad-input.ts';
import { captureLog } from '../../support/capture-log.ts';
import { listen } from '../../support/listen.ts';
import { logRequests } from '../../support/log-requests.ts';
import { useMiniTwit } from '../../support/minitwit.ts';

const IMMUTABLE = 'public, max-age=31536000, immutable';
const { app, user } = useMiniTwit();
const { staticUrl } = readStaticFiles('static');

/** Lists the URLs of the static files on a page. */
function listUrls(page: { text: string }): string[] {
  return Array.from(page.text.matchAll(/"(\/static\/[^"]*)"/g), ([, url]) => url ?? '');
}

/** Returns the decompressed body of a text or a picture. */
function readContent(response: { text?: string; body: unknown }): string {
  return response.text ?? String(response.body);
}

test.each([
  ['style.css', 'text/css; charset=utf-8'],
  ['counter.js', 'text/javascript; charset=utf-8'],
  ['draft.js', 'text/javascript; charset=utf-8'],
  ['local-times.js', 'text/javascript; charset=utf-8'],
  ['favicon.svg', 'image/svg+xml'],
])('a page has a URL of %s that caches can store for a year', async (name, type) => {
  const alice = await user(`alice ${name}`);
  const urls = listUrls(await alice.get('/'));
  expect(urls).toHaveLength(5);
  expect(urls).toContain(staticUrl(name));
  const response = await request(app).get(staticUrl(name));
  expect(response.status).toBe(200);
  expect(response.headers).toMatchObject({ 'cache-control': IMMUTABLE, 'content-type': type });
  expect(readContent(response)).toBe(readFileSync(`static/${name}`, 'utf8'));
});

test('caches revalidate a URL without a hash', async () => {
  const response = await request(app).get('/static/style.css');
  expect(response.headers['cache-control']).toBe('no-cache');
  expect(response.text).toBe(readFileSync('static/style.css', 'utf8'));
});

test('accepts a hash of another length', async () => {
  const response = await request(app).get(`/static/style.${'0'.repeat(64)}.css`);
  expect(response.status).toBe(200);
  expect(response.headers['cache-control']).toBe('no-store');
});

test.each(['/static/style.css', staticUrl('style.css')])(
  '%s returns 304 if the client has it',
  async (path) => {
    const { headers } = await request(app).get(path);
    const again = () =>
      request(app)
        .get(path)
        .set('If-None-Match', headers.etag ?? '');
    const { status, text, headers: others } = await again();
    expect(status).toBe(304);
    expect(text).toBe('');
    expect(others['cache-control']).toBe(headers['cache-control']);
    // Another encoding of the same file has other bytes.
    expect((await again().set('Accept-Encoding', 'identity')).status).toBe(200);
    expect((await request(app).get(path).set('If-None-Match', '"another"')).status).toBe(200);
  },
);

test('HEAD returns the headers of GET', async () => {
  const send = (method: 'get' | 'head') =>
    request(app)[method](staticUrl('style.css')).set('Accept-Encoding', 'gzip');
  const got = await send('get');
  const { status, text, headers } = await send('head');
  expect(status).toBe(200);
  expect(text ?? '').toBe('');
  for (const name of [
    'content-type',
    'content-length',
    'content-encoding',
    'etag',
    'cache-control',
  ])
    expect(headers[name], name).toBe(got.headers[name]);
});

test('returns 405 for a POST', async () => {
  const response = await request(app).post(staticUrl('style.css'));
  expectErrorPage(response, 405);
  expect(response.headers.allow).toBe('GET, HEAD');
});

describe('compression', () => {
  test.each(['style.css', 'counter.js', 'favicon.svg'])(
    'sends %s compressed if the client accepts that',
    async (name) => {
      const file = readFileSync(`static/${name}`);
      const sizes: number[] = [];
      for (const encoding of ['br', 'gzip']) {
        const response = await request(app).get(staticUrl(name)).set('Accept-Encoding', encoding);
        expect(response.headers['content-encoding']).toBe(encoding);
        expect(response.headers.vary).toBe('Accept-Encoding');
        expect(readContent(response)).toBe(file.toString());
        sizes.push(Number(response.headers['content-length']));
      }
      expect(Math.max(...sizes)).toBeLessThan(file.length);
      const both = await request(app).get(staticUrl(name)).set('Accept-Encoding', 'gzip, br');
      expect(Number(both.headers['content-length'])).toBe(Math.min(...sizes));
    },
  );

  test.each(['', 'identity', 'gzip;q=0, br;q=0', 'deflate'])(
    'sends a file uncompressed for Accept-Encoding “%s”',
    async (accepted) => {
      const file = readFileSync('static/style.css');
      const response = await request(app)
        .get(staticUrl('style.css'))
        .set('Accept-Encoding', accepted);
      expect(response.headers).not.toHaveProperty('content-encoding');
      expect(response.headers.vary).toBe('Accept-Encoding');
      expect(response.headers['content-length']).toBe(String(file.length));
      expect(response.text).toBe(file.toString());
    },
  );
});

describe('during a rolling deployment', () => {
  let folder: string;
  let older: Express;
  let newer: Express;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'minitwit-static-'));
    await cp('static', folder, { recursive: true });
    await writeFile(join(folder, 'favicon.svg'), '<svg/>');
    older = await start('a { color: red }');
    newer = await start('a { color: blue }');
  });

  afterAll(() => rm(folder, { recursive: true }));

  /** Starts an instance with a stylesheet. Each of its pages is the 404 page. */
  async function start(style: string): Promise<Express> {
    await writeFile(join(folder, 'style.css'), style);
    const instance = express();
    const files = readStaticFiles(folder);
    useTemplates(instance, { gravatar: false, mail: null }, files);
    instance.use(logRequests(captureLog().logger));
    addStaticFileRoutes(instance, files);
    instance.use(notFound, renderErrorPage);
    return instance;
  }

  async function findStyleUrl(instance: Express): Promise<string> {
    const [style] = listUrls(await request(instance).get('/nothing'));
    return style ?? '';
  }

  test('the URL of a file changes with its content only', async () => {
    const [oldFiles, newFiles] = [
      listUrls(await request(older).get('/nothing')),
      listUrls(await request(newer).get('/nothing')),
    ];
    expect(oldFiles[0]).toMatch(/^\/static\/style\.[0-9a-f]{8}\.css$/);
    expect(newFiles[0]).not.toBe(oldFiles[0]);
    expect(newFiles[1]).toBe(oldFiles[1]);
  });

  test('each version serves the URLs of the other version uncached', async () => {
    for (const [instance, other, content] of [
      [older, newer, 'a { color: blue }'],
      [newer, older, 'a { color: red }'],
    ] as const) {
      const own = await request(instance).get(await findStyleUrl(instance));
      expect(own.headers['cache-control']).toBe(IMMUTABLE);
      const response = await request(other).get(await findStyleUrl(instance));
      expect(response.status).toBe(200);
      expect(response.text).toBe(content);
      expect(response.headers['cache-control']).toBe('no-store');
      expect(response.headers.etag).not.toBe(own.headers.etag);
    }
  });

  test('does not compress a file that would not become smaller', async () => {
    const response = await request(newer).get('/static/favicon.svg');
    expect(response.headers).not.toHaveProperty('content-encoding');
  });

  test('an application does not start while a template has the URL of a missing file', async () => {
    expect((await request(newer).get('/nothing')).text).toContain('<html');
    await rm(join(folder, 'favicon.svg'));
    await expect(start('')).rejects.toThrow(
      /^layout\.html:\d+: There is no static file called favicon\.svg\.$/,
    );
  });
});

describe('paths of no file', () => {
  const server = createServer(app);
  let port: number;

  beforeAll(async () => {
    port = await listen(server);
  });

  afterAll(() => void server.close());

  test.each([
    ['/static/nothing.css', 404],
    ['/static/nothing.3f2a1b9c.css', 404],
    ['/static/style.min.css', 404],
    ['/static/STYLE.css', 404],
    ['/static/__proto__', 404],
    ['/static/', 404],
    ['/static/.', 404],
    ['/static/..', 404],
    ['/static/../package.json', 404],
    ['/static//package.json', 404],
    ['/static/..%2fpackage.json', 404],
    ['/static/..%5cpackage.json', 404],
    ['/static/%2e%2e%2fpackage.json', 404],
    ['/static/%2e%2e/package.json', 404],
    ['/static/..%2fsrc', 404],
    ['/static/style.css%00.js', 404],
    ['/static/%', 400],
  ])('%s returns %i', async (path, status) => {
    // Other clients normalize such paths.
    const [response] = (await once(get({ port, path, agent: false }), 'response')) as [
      IncomingMessage,
    ];
    const text = Buffer.concat(await response.toArray()).toString();
    expect(response.headers['cache-control']).toBe('no-store');
    expectErrorPage({ status: response.statusCode ?? 0, text }, status);
  });
});
