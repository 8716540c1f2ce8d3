import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setInterval as every } from 'node:timers';
import { expect, onTestFinished, test } from 'vitest';
import { Client } from './client.ts';
import { startCluster } from './cluster.ts';
import { note } from './figures.ts';
import { gather, isServed, more, settle, startLoad } from './load.ts';
import { waitFor } from '../support/wait-for.ts';

const PEOPLE = 8;
const IDLE = 2000;
const SLOW = 200;
const BYTE_EVERY_MS = 1000;

/** Opens connections that do one thing, and are closed after the test. */
async function openConnections(
  url: string,
  count: number,
  begin: (socket: Socket) => void,
): Promise<Socket[]> {
  const { hostname, port } = new URL(url);
  const sockets = Array.from({ length: count }, () => connect(Number(port), hostname));
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.all(
    sockets.map(async (socket) => {
      await once(socket, 'connect');
      // what the server thinks of them is not the question
      socket.on('error', () => undefined).resume();
      begin(socket);
    }),
  );
  return sockets;
}

/** Sends a text a byte at a time, for as long as anybody listens. */
function trickle(socket: Socket, text: string): void {
  let sent = 0;
  const timer = every(() => {
    if (socket.writable) socket.write(text[sent++ % text.length] ?? '');
  }, BYTE_EVERY_MS);
  socket.once('close', () => clearInterval(timer));
}

test('slow, idle and greedy clients do not keep others from being served', async () => {
  const cluster = await startCluster();
  const [instance] = cluster.instances;
  const people = await gather(cluster.url, PEOPLE);
  const load = startLoad(people);

  // past the load balancer, which would hold them off
  await openConnections(instance.url, IDLE, () => undefined);
  const slowHeaders = await openConnections(instance.url, SLOW, (socket) => {
    socket.write('GET / HTTP/1.1\r\nHost: minitwit\r\nX: ');
    trickle(socket, 'x');
  });
  const slowBodies = await openConnections(instance.url, SLOW, (socket) => {
    const type = 'Content-Type: application/x-www-form-urlencoded';
    socket.write(
      `POST /login HTTP/1.1\r\nHost: minitwit\r\n${type}\r\nContent-Length: 9999\r\n\r\n`,
    );
    trickle(socket, 'username=');
  });
  await openConnections(cluster.url, SLOW, (socket) => {
    socket.write('GET / HTTP/1.1\r\nHost: minitwit\r\nX: ');
    trickle(socket, 'x');
  });
  const before = load.made.length;
  const greedy = new Client(instance.url);
  for (let time = 0; time < 20; time++) {
    expect((await greedy.post('/login', { username: 'x'.repeat(70_000) })).status).toBe(413);
    expect((await greedy.get(`/public?${'x'.repeat(20_000)}`)).status).toBe(431);
  }
  await more(load, 400);
  const direct = await fetch(`${instance.url}/public`);
  expect(direct.status).toBe(200);
  await load.stop();
  const meanwhile = load.made.slice(before);

  const shownOutMs = await waitFor('slow clients are disconnected', () =>
    [...slowHeaders, ...slowBodies].every(({ closed }) => closed),
  );
  const account = await settle(load.made, cluster.database);
  const durations = meanwhile.map(({ startedAtMs, endedAtMs }) => endedAtMs - startedAtMs);
  await note('7. Slow, idle and greedy clients', {
    ...account,
    'slow clients': 3 * SLOW,
    'idle connections': IDLE,
    'slowest request of other clients in ms': Math.max(...durations),
    'ms until the last slow client is disconnected': shownOutMs,
  });
  expect(load.made.filter((each) => !isServed(each))).toEqual([]);
  expect(account.found).toBe(account.acknowledged);
  expect(instance.program().process.exitCode).toBeNull();
});
