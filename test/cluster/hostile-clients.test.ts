import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setInterval as every } from 'node:timers';
import { expect, onTestFinished, test } from 'vitest';
import { Client } from './client.ts';
import { startCluster } from './cluster.ts';
import { recordFigures } from './figures.ts';
import { createUsers, succeeded, waitForRequests, reconcile, startLoad } from './load.ts';
import { waitFor } from '../support/wait-for.ts';

const USERS = 8;
const IDLE = 2000;
const SLOW = 200;
const BYTE_EVERY_MS = 1000;

/** Opens connections, calls `begin` with each, and closes them after the test. */
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
      // The server may close or reset the connection.
      socket.on('error', () => undefined).resume();
      begin(socket);
    }),
  );
  return sockets;
}

/** Sends a text repeatedly, one byte a second, until the connection is closed. */
function trickle(socket: Socket, text: string): void {
  let sent = 0;
  const timer = every(() => {
    if (socket.writable) socket.write(text[sent++ % text.length] ?? '');
  }, BYTE_EVERY_MS);
  socket.once('close', () => clearInterval(timer));
}

test('serves other clients in spite of slow and idle clients and large requests', async () => {
  const cluster = await startCluster();
  const [instance] = cluster.instances;
  const users = await createUsers(cluster.url, USERS);
  const load = startLoad(users);

  // The load balancer would not forward these connections.
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
  const before = load.requests.length;
  const client = new Client(instance.url);
  for (let time = 0; time < 20; time++) {
    expect((await client.post('/login', { username: 'x'.repeat(70_000) })).status).toBe(413);
    expect((await client.get(`/public?${'x'.repeat(20_000)}`)).status).toBe(431);
  }
  await waitForRequests(load, 400);
  const direct = await fetch(`${instance.url}/public`);
  expect(direct.status).toBe(200);
  await load.stop();
  const meanwhile = load.requests.slice(before);

  const disconnectedMs = await waitFor('slow clients are disconnected', () =>
    [...slowHeaders, ...slowBodies].every(({ closed }) => closed),
  );
  const ledger = await reconcile(load.requests, cluster.database);
  const durations = meanwhile.map(({ startedAtMs, endedAtMs }) => endedAtMs - startedAtMs);
  await recordFigures('7. Slow and idle clients, and large requests', {
    ...ledger,
    'slow clients': 3 * SLOW,
    'idle connections': IDLE,
    'slowest request of other clients (ms)': Math.max(...durations),
    'until the last slow client is disconnected (ms)': disconnectedMs,
  });
  expect(load.requests.filter((each) => !succeeded(each))).toEqual([]);
  expect(ledger.found).toBe(ledger.acknowledged);
  expect(instance.program().process.exitCode).toBeNull();
});
