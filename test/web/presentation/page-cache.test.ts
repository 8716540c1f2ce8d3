import type { IncomingMessage, ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { Request, Response } from 'express';
import { expect, test } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import type { Finish, StartedRequests } from '../../../src/web/middleware/in-flight.ts';
import { createAdmissionFilter } from '../../../src/web/presentation/cache-admission.ts';
import { createPageCache } from '../../../src/web/presentation/page-cache.ts';

const HEADERS = { 'accept-encoding': 'gzip' };

/** Creates a cache of one page, with a database that the test changes, and records what happens. */
function createSite() {
  const site = {
    /** The content in the database. Null: the page does not exist. */
    content: 'first' as string | null,
    renameCount: 0,
    isComplete: true,
    isLimited: false,
    hasCapacity: true,
    reads: 0,
    rendered: [] as string[],
    inFlight: 0,
    /** The number of requests that were passed on to Express. */
    passed: 0,
    /** The slot of the last request that was passed on. Null if it has none yet. */
    startedBefore: null as Finish | Promise<Finish> | null,
  };
  const started: StartedRequests = new WeakMap();
  const cache = createPageCache<string>({
    isRepeated: createAdmissionFilter(),
    started,
    inFlight: {
      startNow() {
        if (!site.hasCapacity) return null;
        site.inFlight++;
        return () => void site.inFlight--;
      },
      start: () => Promise.reject(new AppError('unavailable', 'Too many requests.')),
    },
    renames: {
      leasedCount: () => null,
      countRenames: () => Promise.resolve(site.renameCount),
    },
    writeHead: (res, status, headers) =>
      void Object.assign(res, { status, written: new Map(pairs(headers)) }),
  });
  const page = {
    async read() {
      site.reads++;
      if (site.content === null) throw new AppError('not_found', 'There is no such page.');
      return site.content;
    },
    name: '/page',
    createKey: (content: string) => content,
    async render(content: string, renameCount: number) {
      site.rendered.push(content);
      return {
        html: `${content}, ${renameCount} renames`,
        isComplete: site.isComplete,
      };
    },
  };

  /** Sends a request to the cache, and to the route behind it, as the application does. */
  async function send(more: object = {}) {
    const req = {
      method: 'GET',
      url: '/page',
      originalUrl: '/page',
      headers: HEADERS,
      rawHeaders: ['Host', 'minitwit'],
      ...more,
    } as unknown as IncomingMessage;
    const res = {
      closed: false,
      body: '',
      end(body = '', encoding: BufferEncoding = 'utf8') {
        if (body === '') return;
        const bytes = Buffer.from(body, encoding);
        res.body = String(res.written.has('Content-Encoding') ? gunzipSync(bytes) : bytes);
      },
      status: 0,
      written: new Map<string, string>(),
      ...more,
    };
    const response = res as unknown as ServerResponse;
    const routes: Promise<void>[] = [];
    await cache.sendCurrent(req, response, () => {
      site.passed++;
      const { isLimited } = site;
      site.startedBefore = started.get(response) ?? null;
      routes.push(cache.send(req as Request, response as Response, { ...page, isLimited }));
    });
    await Promise.all(routes);
    return res;
  }

  /** Sends the two requests after which the page is cached. */
  async function warmUp(more: object = {}) {
    await send(more);
    await send(more);
    Object.assign(site, { passed: 0, reads: 0, rendered: [] });
  }
  return { site, send, warmUp };
}

function pairs(headers: string[]): [string, string][] {
  return headers.flatMap((name, index) =>
    index % 2 === 0 ? [[name, headers[index + 1] ?? ''] as [string, string]] : [],
  );
}

test('sends a page whose URL was requested twice without its route', async () => {
  const { site, send } = createSite();
  for (let time = 0; time < 4; time++) {
    expect(await send()).toMatchObject({ status: 200, body: 'first, 0 renames' });
  }
  expect(site).toMatchObject({ passed: 2, reads: 4, rendered: ['first', 'first'], inFlight: 0 });
});

test('passes on a request after the content has changed, and the route renders what the cache has read', async () => {
  const { site, send, warmUp } = createSite();
  await warmUp();
  site.content = 'second';
  expect((await send()).body).toBe('second, 0 renames');
  expect(site).toMatchObject({ passed: 1, reads: 1, rendered: ['second'], inFlight: 1 });
  expect((await send()).body).toBe('second, 0 renames');
  expect(site).toMatchObject({ passed: 1, reads: 2, inFlight: 1 });
});

test('does not send a page that was rendered before a rename', async () => {
  const { site, send, warmUp } = createSite();
  await warmUp();
  site.renameCount = 1;
  expect((await send()).body).toBe('first, 1 renames');
  expect(site.passed).toBe(1);
});

test('the route reports the error of the read, without another read', async () => {
  const { site, send, warmUp } = createSite();
  await warmUp();
  site.content = null;
  await expect(send()).rejects.toThrow('There is no such page.');
  expect(site).toMatchObject({ passed: 1, reads: 1 });
});

test('does not cache a page without a message that was deleted meanwhile', async () => {
  const { site, send } = createSite();
  site.isComplete = false;
  for (let time = 0; time < 3; time++) await send();
  expect(site.passed).toBe(3);
});

test.each([
  ['with a cookie', { headers: { ...HEADERS, cookie: 'session=a' } }],
  ['with a body', { headers: { ...HEADERS, 'content-length': '3' } }],
  ['with a body in chunks', { headers: { ...HEADERS, 'transfer-encoding': 'chunked' } }],
  ['with two hosts', { rawHeaders: ['Host', 'a', 'hOST', 'b'] }],
  ['with HEAD', { method: 'HEAD' }],
  ['with POST', { method: 'POST' }],
])('passes on a request %s', async (_case, more) => {
  const { site, send, warmUp } = createSite();
  await warmUp();
  await send(more);
  expect(site.passed).toBe(1);
});

test('passes on a request for a page with a limit, but sends it from the cache', async () => {
  const { site, send, warmUp } = createSite();
  site.isLimited = true;
  await warmUp();
  expect((await send()).body).toBe('first, 0 renames');
  expect(site).toMatchObject({ passed: 1, reads: 1, rendered: [] });
});

test('passes on a request that cannot start with its error, so that it does not wait again', async () => {
  const { site, send, warmUp } = createSite();
  await warmUp();
  site.hasCapacity = false;
  await send();
  expect(site).toMatchObject({ passed: 1, inFlight: 0 });
  await expect(site.startedBefore).rejects.toThrow('Too many requests.');
});

test('passes on a started request with its slot', async () => {
  const { site, send, warmUp } = createSite();
  await warmUp();
  site.content = 'second';
  await send();
  (await site.startedBefore)?.();
  expect(site.inFlight).toBe(0);
});

test('a URL with a query that means nothing has no entry of its own', async () => {
  const { site, send, warmUp } = createSite();
  await warmUp();
  for (let number = 0; number < 3; number++) {
    const url = `/page?number=${number}`;
    expect((await send({ url, originalUrl: url })).body).toBe('first, 0 renames');
  }
  expect(site).toMatchObject({ passed: 3, rendered: [] });
});

test('does not pass on a request whose client has disconnected', async () => {
  const { site, send, warmUp } = createSite();
  await warmUp();
  site.content = 'second';
  await send({ closed: true });
  expect(site).toMatchObject({ passed: 0, inFlight: 0 });
});

test('renders a page once for all requests at the same time', async () => {
  const { site, send } = createSite();
  const pages = await Promise.all(Array.from({ length: 10 }, () => send()));
  expect(new Set(pages.map(({ body }) => body))).toEqual(new Set(['first, 0 renames']));
  expect(site.rendered).toHaveLength(1);
});

test('has an entry for each encoding', async () => {
  const { send, warmUp } = createSite();
  const plain = { headers: {} };
  await warmUp();
  await warmUp(plain);
  const sent = [await send(), await send(plain)];
  expect(sent.map(({ body }) => body)).toEqual(['first, 0 renames', 'first, 0 renames']);
  expect(sent.map(({ written }) => written.get('Content-Encoding'))).toEqual(['gzip', undefined]);
});

test('returns 304 without a body to a client that has the page', async () => {
  const { send, warmUp } = createSite();
  await warmUp();
  const etag = (await send()).written.get('ETag') ?? '';
  const conditional = (value: string) => send({ headers: { ...HEADERS, 'if-none-match': value } });
  expect(await conditional(etag)).toMatchObject({ status: 304, body: '' });
  expect(await conditional(`"another", ${etag}`)).toMatchObject({ status: 304, body: '' });
  expect(await conditional('"another"')).toMatchObject({ status: 200, body: 'first, 0 renames' });
});
