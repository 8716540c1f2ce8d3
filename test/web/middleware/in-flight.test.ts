import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import express, { type Response } from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { renderErrorPage } from '../../../src/web/middleware/errors.ts';
import { type InFlightLimits, limitInFlight } from '../../../src/web/middleware/in-flight.ts';
import { logRequests } from '../../../src/web/middleware/request-log.ts';
import { readStaticFiles } from '../../../src/web/presentation/static-files.ts';
import { useTemplates } from '../../../src/web/presentation/templates.ts';
import { captureLog } from '../../support/capture-log.ts';
import { waitFor } from '../../support/wait-for.ts';

const LIMITS: InFlightLimits = {
  maxConcurrent: 2,
  maxConcurrentPerAddress: 2,
  maxQueued: 0,
  maxQueuedPerAddress: 0,
};
// More than the buffers of two sockets hold.
const LARGE = Buffer.alloc(14 * 1024 * 1024);

/** Serves an application whose requests stay at work until the test answers them. */
async function serve(limits: Partial<InFlightLimits> = {}) {
  const arrived: ServerResponse[] = [];
  const atWork: Response[] = [];
  const app = express();
  app.set('trust proxy', 1);
  useTemplates(app, { gravatar: false }, readStaticFiles('static'));
  app.use(logRequests(captureLog().logger));
  app.use(limitInFlight({ ...LIMITS, ...limits }));
  app.use((_req, res) => void atWork.push(res));
  app.use(renderErrorPage);
  const server = createServer(app).listen(0, '127.0.0.1');
  server.prependListener('request', (_req, res) => arrived.push(res));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = (address: string, signal: AbortSignal | null = null) =>
    fetch(`http://127.0.0.1:${port}/`, { headers: { 'X-Forwarded-For': address }, signal });
  return { arrived, atWork, ask, port };
}

test('more requests than can be worked on are refused, until others are done', async () => {
  const { atWork, ask } = await serve();
  const leaver = new AbortController();
  const first = ask('192.0.2.1');
  await waitFor('one is at work', () => atWork.length === 1);
  ask('192.0.2.2', leaver.signal).catch(() => undefined);
  await waitFor('two are at work', () => atWork.length === 2);
  const refused = await ask('192.0.2.3');
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(await refused.text()).toContain('Too many people are here at this moment.');

  atWork[0]?.send('done');
  expect(await (await first).text()).toBe('done');
  leaver.abort();
  const third = ask('192.0.2.3');
  await waitFor('a third is at work', () => atWork.length === 3);
  atWork[2]?.send('done');
  expect((await third).status).toBe(200);
});

test('requests of an address that has its share at work wait, and those of others do not', async () => {
  const { atWork, ask } = await serve({
    maxConcurrentPerAddress: 1,
    maxQueued: 1,
    maxQueuedPerAddress: 1,
  });
  const first = ask('192.0.2.1');
  await waitFor('one is at work', () => atWork.length === 1);
  const second = ask('192.0.2.1');
  const other = ask('192.0.2.2');
  await waitFor('that of another address is at work', () => atWork.length === 2);
  atWork[1]?.send('other');
  expect(await (await other).text()).toBe('other');
  expect(atWork).toHaveLength(2);

  atWork[0]?.send('first');
  expect(await (await first).text()).toBe('first');
  await waitFor('the second is at work', () => atWork.length === 3);
  atWork[2]?.send('second');
  expect(await (await second).text()).toBe('second');
});

test('a request whose client has gone while it waited does not reach the application', async () => {
  const limits = { maxConcurrentPerAddress: 1, maxQueued: 2, maxQueuedPerAddress: 2 };
  const { arrived, atWork, ask } = await serve(limits);
  const first = ask('192.0.2.1');
  await waitFor('one is at work', () => atWork.length === 1);
  const leaver = new AbortController();
  const gone = ask('192.0.2.1', leaver.signal).catch(() => 'gone');
  await waitFor('one waits', () => arrived.length === 2);
  const last = ask('192.0.2.1');
  await waitFor('another one waits', () => arrived.length === 3);
  leaver.abort();
  expect(await gone).toBe('gone');
  await waitFor('the server knows', () => arrived[1]?.closed === true);
  atWork[0]?.send('first');
  await first;
  await waitFor('the last is at work', () => atWork.length === 2);
  atWork[1]?.send('last');
  expect(await (await last).text()).toBe('last');
});

/** Sends a request, and reads no answer. */
function askLazily(port: number): void {
  const client = connect(port, '127.0.0.1').pause();
  onTestFinished(() => void client.destroy());
  client.write('GET / HTTP/1.1\r\nHost: minitwit\r\n\r\n');
}

test('an answer that its client does not read holds no place', async () => {
  const { atWork, ask, port } = await serve({ maxConcurrent: 1 });
  askLazily(port);
  await waitFor('its request is at work', () => atWork.length === 1);
  atWork[0]?.send(LARGE);
  const other = ask('192.0.2.1');
  await waitFor('another is at work', () => atWork.length === 2);
  expect(atWork[0]).toMatchObject({ writableEnded: true, writableFinished: false, closed: false });
  atWork[1]?.send('done');
  expect(await (await other).text()).toBe('done');
});

test('clients of one address that read nothing cannot fill the memory', async () => {
  const { atWork, port } = await serve();
  for (const request of [1, 2, 3]) {
    askLazily(port);
    await waitFor(`request ${request} is at work`, () => atWork.length === request);
    atWork[request - 1]?.send(LARGE);
  }
  await waitFor('the first connections are closed', () => {
    return atWork.slice(0, 2).every(({ closed }) => closed);
  });
  expect(atWork[2]?.closed).toBe(false);
});
