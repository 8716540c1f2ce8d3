import { once } from 'node:events';
import type { RequestListener, Server, ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { limitConnectionsPerAddress } from '../../../src/web/server/connection-limit.ts';
import { createHttpServer } from '../../../src/web/server/http-server.ts';
import { waitFor } from '../../support/wait-for.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: minitwit\r\n\r\n';

async function listen(handler: RequestListener): Promise<Server> {
  const server = createHttpServer(handler, { trustProxy: 0 }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return server;
}

/** Opens a connection, and collects what arrives on it. */
async function open(server: Server, localAddress = '127.0.0.1') {
  const { port } = server.address() as AddressInfo;
  const socket: Socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  const received = { text: '', isClosed: false };
  socket.on('data', (chunk) => (received.text += String(chunk)));
  socket.once('close', () => (received.isClosed = true));
  await once(socket, 'connect');
  return { socket, received };
}

test('pipelined requests are handled one after another, and answered in order', async () => {
  const atWork: ServerResponse[] = [];
  let handled = 0;
  const server = await listen((_req, res) => {
    handled++;
    atWork.push(res);
  });
  const { socket, received } = await open(server);
  socket.write(REQUEST.repeat(3));
  for (const number of [1, 2, 3]) {
    await waitFor(`request ${number} is at work`, () => atWork.length === 1);
    expect(handled).toBe(number);
    atWork.pop()?.end(`answer ${number}`);
  }
  await waitFor('all answers are there', () => received.text.includes('answer 3'));
  expect(received.text).toMatch(/answer 1[^]*answer 2[^]*answer 3/);
});

test('a connection on which more requests wait than a client has reason to send is closed', async () => {
  let handled = 0;
  const server = await listen(() => handled++);
  const { socket, received } = await open(server);
  socket.write(REQUEST.repeat(17));
  await waitFor('the connection is closed', () => received.isClosed);
  expect(handled).toBe(1);
});

test('a client that has not read its answer within a minute is disconnected', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  let handled: ServerResponse | null = null;
  const server = await listen((_req, res) => {
    handled = res;
    res.write('x'.repeat(1000));
  });
  const { socket, received } = await open(server);
  socket.write(REQUEST);
  await vi.waitUntil(() => received.text.length > 1000);
  vi.advanceTimersByTime(59_999);
  expect(handled).toMatchObject({ closed: false });
  vi.advanceTimersByTime(1);
  await vi.waitUntil(() => received.isClosed);
});

test('an address that has its share of connections gets no more, and another address does', async () => {
  const server = await listen((_req, res) => res.end('answer'));
  limitConnectionsPerAddress(server, 2);
  const [first] = await Promise.all([open(server), open(server)]);
  expect(await isServed(server)).toBe(false);
  expect(await isServed(server, '127.0.0.2')).toBe(true);

  first.socket.destroy();
  await waitFor('the address may connect again', () => isServed(server));
});

/** Opens one more connection, and tells whether it is answered. */
async function isServed(server: Server, localAddress?: string): Promise<boolean> {
  const { socket, received } = await open(server, localAddress);
  socket.write(REQUEST);
  await waitFor('the connection is answered or closed', () => {
    return received.text.includes('answer') || received.isClosed;
  });
  socket.destroy();
  return received.text.includes('answer');
}
