import { createServer, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import express, { type Response } from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { renderErrorPage } from '../../../src/web/middleware/errors.ts';
import {
  createInFlight,
  type InFlightLimits,
  limitInFlight,
} from '../../../src/web/middleware/in-flight.ts';
import { readStaticFiles } from '../../../src/web/presentation/static-files.ts';
import { useTemplates } from '../../../src/web/presentation/templates.ts';
import { captureLog } from '../../support/capture-log.ts';
import { listen } from '../../support/listen.ts';
import { logRequests } from '../../support/log-requests.ts';
import { waitFor } from '../../support/wait-for.ts';

const LIMITS: InFlightLimits = {
  maxConcurrent: 2,
  maxConcurrentPerClient: 2,
  maxQueued: 0,
  maxQueuedPerClient: 0,
};
// More than the buffers of two sockets hold.
const LARGE = Buffer.alloc(14 * 1024 * 1024);

/** Serves an application that leaves each request open. The test ends the responses in `open`. */
async function serve(limits: Partial<InFlightLimits> = {}) {
  const arrived: ServerResponse[] = [];
  const open: Response[] = [];
  const app = express();
  useTemplates(app, { gravatar: false, mail: null }, readStaticFiles('static'));
  app.use(logRequests(captureLog().logger, 1));
  limitInFlight(app, createInFlight({ ...LIMITS, ...limits }), new WeakMap());
  app.use((_req, res) => void open.push(res));
  app.use(renderErrorPage);
  const server = createServer(app);
  server.prependListener('request', (_req, res) => arrived.push(res));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const port = await listen(server);
  const send = (address: string, signal: AbortSignal | null = null) =>
    fetch(`http://127.0.0.1:${port}/`, { headers: { 'X-Forwarded-For': address }, signal });
  return { arrived, open, send, port };
}

test('returns 503 while maxConcurrent requests are in flight', async () => {
  const { open, send } = await serve();
  const controller = new AbortController();
  const first = send('192.0.2.1');
  await waitFor('one request is in flight', () => open.length === 1);
  send('192.0.2.2', controller.signal).catch(() => undefined);
  await waitFor('two requests are in flight', () => open.length === 2);
  const refused = await send('192.0.2.3');
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(await refused.text()).toContain(
    'MiniTwit has too many requests. Please try again in a few seconds.',
  );

  open[0]?.send('done');
  expect(await (await first).text()).toBe('done');
  controller.abort();
  const third = send('192.0.2.3');
  await waitFor('the third request is in flight', () => open.length === 3);
  open[2]?.send('done');
  expect((await third).status).toBe(200);
});

test('queues requests of an address beyond its share, without delay for other addresses', async () => {
  const { open, send } = await serve({
    maxConcurrentPerClient: 1,
    maxQueued: 1,
    maxQueuedPerClient: 1,
  });
  const first = send('192.0.2.1');
  await waitFor('one request is in flight', () => open.length === 1);
  const second = send('192.0.2.1');
  const other = send('192.0.2.2');
  await waitFor('the request of another address is in flight', () => open.length === 2);
  open[1]?.send('other');
  expect(await (await other).text()).toBe('other');
  expect(open).toHaveLength(2);

  open[0]?.send('first');
  expect(await (await first).text()).toBe('first');
  await waitFor('the second request is in flight', () => open.length === 3);
  open[2]?.send('second');
  expect(await (await second).text()).toBe('second');
});

test('does not pass on a queued request whose client has disconnected', async () => {
  const limits = { maxConcurrentPerClient: 1, maxQueued: 2, maxQueuedPerClient: 2 };
  const { arrived, open, send } = await serve(limits);
  const first = send('192.0.2.1');
  await waitFor('one request is in flight', () => open.length === 1);
  const controller = new AbortController();
  const gone = send('192.0.2.1', controller.signal).catch(() => 'gone');
  await waitFor('a request is queued', () => arrived.length === 2);
  const last = send('192.0.2.1');
  await waitFor('another request is queued', () => arrived.length === 3);
  controller.abort();
  expect(await gone).toBe('gone');
  await waitFor('the server has noticed the disconnection', () => arrived[1]?.closed === true);
  open[0]?.send('first');
  await first;
  await waitFor('the last request is in flight', () => open.length === 2);
  open[1]?.send('last');
  expect(await (await last).text()).toBe('last');
});

/** Sends a request, and does not read the response. */
function sendWithoutReading(port: number): void {
  const client = connect(port, '127.0.0.1').pause();
  onTestFinished(() => void client.destroy());
  client.write('GET / HTTP/1.1\r\nHost: minitwit\r\n\r\n');
}

test('does not count a request whose response the client does not read', async () => {
  const { open, send, port } = await serve({ maxConcurrent: 1 });
  sendWithoutReading(port);
  await waitFor('the request is in flight', () => open.length === 1);
  open[0]?.send(LARGE);
  const other = send('192.0.2.1');
  await waitFor('another request is in flight', () => open.length === 2);
  expect(open[0]).toMatchObject({ writableEnded: true, writableFinished: false, closed: false });
  open[1]?.send('done');
  expect(await (await other).text()).toBe('done');
});

test('closes the oldest connections of an address whose clients do not read 16 MB of responses', async () => {
  const { open, port } = await serve();
  for (const request of [1, 2, 3]) {
    sendWithoutReading(port);
    await waitFor(`request ${request} is in flight`, () => open.length === request);
    open[request - 1]?.send(LARGE);
  }
  await waitFor('the first connections are closed', () => {
    return open.slice(0, 2).every(({ closed }) => closed);
  });
  expect(open[2]?.closed).toBe(false);
});
