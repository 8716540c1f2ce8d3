import type { Server, ServerResponse } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { limitConnectionsPerAddress } from '../../../src/web/server/connection-limit.ts';
import { waitFor } from '../../support/wait-for.ts';
import { open, REQUEST, serve } from './connection.ts';

test('handles pipelined requests one after another, and responds in order', async () => {
  const atWork: ServerResponse[] = [];
  let handled = 0;
  const { server } = await serve((_req, res) => {
    handled++;
    atWork.push(res);
  });
  const { socket, received } = await open(server);
  socket.write(REQUEST.repeat(3));
  for (const number of [1, 2, 3]) {
    await waitFor(`request ${number} is in flight`, () => atWork.length === 1);
    expect(handled).toBe(number);
    atWork.pop()?.end(`response ${number}`);
  }
  await waitFor('all responses have arrived', () => received.text.includes('response 3'));
  expect(received.text).toMatch(/response 1[^]*response 2[^]*response 3/);
});

test('closes a connection with more than 16 pipelined requests', async () => {
  let handled = 0;
  const { server } = await serve(() => handled++);
  const { socket, received } = await open(server);
  socket.write(REQUEST.repeat(17));
  await waitFor('the connection is closed', () => received.isClosed);
  expect(handled).toBe(1);
});

test('closes the connection of a client that does not read the response within a minute', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  let handled: ServerResponse | null = null;
  const { server } = await serve((_req, res) => {
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

test('each piece of a response may take a minute, if the client has read the one before', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const responses: ServerResponse[] = [];
  const { server } = await serve((_req, res) => void responses.push(res));
  const { socket, received } = await open(server);
  socket.write(REQUEST);
  await vi.waitUntil(() => responses.length > 0);
  const [response] = responses;
  for (let piece = 0; piece < 3; piece++) {
    vi.advanceTimersByTime(50_000);
    const drained = new Promise((resolve) => response?.once('drain', resolve));
    expect(response?.write('x'.repeat(100_000))).toBe(false);
    await drained;
  }
  expect(received.isClosed).toBe(false);
  vi.advanceTimersByTime(60_000);
  await vi.waitUntil(() => received.isClosed);
});

test('closes a new connection of an address with too many, and accepts one of another address', async () => {
  const { server } = await serve((_req, res) => res.end('response'));
  limitConnectionsPerAddress(server, 2);
  const [first] = await Promise.all([open(server), open(server)]);
  expect(await isServed(server)).toBe(false);
  expect(await isServed(server, '127.0.0.2')).toBe(true);

  first.socket.destroy();
  await waitFor('the address may connect again', () => isServed(server));
});

/** Opens a connection, and returns whether the server responds. */
async function isServed(server: Server, localAddress?: string): Promise<boolean> {
  const { socket, received } = await open(server, localAddress);
  socket.write(REQUEST);
  await waitFor('a response has arrived or the connection is closed', () => {
    return received.text.includes('response') || received.isClosed;
  });
  socket.destroy();
  return received.text.includes('response');
}
