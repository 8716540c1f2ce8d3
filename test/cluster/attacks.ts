import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from './client.ts';

// The attacker is a separate program, so that its work does not slow down the reader whose pages are measured:
//   node attacks.ts ATTACK URL URL-OF-AN-INSTANCE
// It sends a message after the attack has started, and attacks until it is killed.

/** The URLs of the load balancer and of an instance. */
interface Target {
  url: string;
  instance: string;
}

const ATTACKER = '127.0.4.1';
const ACCOUNTS = 20;
// The normalization of this name would take seconds. It fits into a form of 32 KB.
const COMBINING_MARKS = `a${'\u0344'.repeat(2600)}${'\u0316'.repeat(2600)}`;

const REQUEST = 'GET /public HTTP/1.1\r\nHost: minitwit\r\n\r\n';

/** The attacks by name. Each comes from one address or from twenty accounts, and resolves when it has started. */
export const ATTACKS: Record<string, (target: Target) => Promise<void>> = {
  'Readiness checks of an instance': ({ instance }) =>
    runClients(400, instance, (client) => client.get('/readyz')),
  'Parallel reads of a page': ({ url }) => runClients(200, url, (client) => client.get('/public')),
  'Usernames that are slow to normalize': ({ url }) =>
    runClients(3, url, (client) =>
      client.post('/login', { username: COMBINING_MARKS, password: 'a password' }),
    ),
  async 'Parallel correct logins'({ url }) {
    await createAccounts(url, 'login');
    // A client without cookies creates a new session at each login.
    await runClients(72, url, async (_client, index) => {
      const { status } = await attacker(url).login(`login${index % 8}`);
      if (status !== 302) await sleep(10);
    });
  },
  'Connections that never read': async ({ url, instance }) => {
    for (const at of [url, instance]) await openConnections(at, 150, [16, 100]);
  },
  async 'Connections with pipelined requests that read slowly'({ instance }) {
    const sockets = await openConnections(instance, 20, [16, 400]);
    setInterval(() => {
      for (const socket of sockets) socket.read(16);
    }, 100);
  },
  async 'Follows and unfollows of one user'({ url }) {
    await attacker(url).register('victim');
    // New accounts have not reached their limits.
    const accounts = await createAccounts(url, `fan${process.pid}-`);
    await runClients(ACCOUNTS, url, async (_client, index, turn) => {
      await accounts[index]?.post(`/victim/${turn % 2 === 0 ? 'follow' : 'unfollow'}`);
    });
  },
  'Reads of the oldest pages': ({ url }) =>
    runClients(20, url, (client, index, turn) =>
      client.get(`/public?before=${index * 1000 + turn + 1}`),
    ),
};

/** Repeats an action in `clients` concurrent clients. Resolves when each client has done it once. */
async function runClients(
  clients: number,
  url: string,
  act: (client: Client, index: number, turn: number) => Promise<unknown>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: clients }, async (_, index) => {
      const client = attacker(url);
      await act(client, index, 0);
      void (async () => {
        for (let turn = 1; ; turn++) await act(client, index, turn);
      })();
    }),
  );
}

function attacker(url: string): Client {
  return new Client(url, { localAddress: ATTACKER });
}

/**
 * Opens `count` connections that do not read, and sends pipelined requests on them. The numbers of requests in
 * `pipelined` are used in turn. The responses of a connection exceed its buffers.
 */
async function openConnections(url: string, count: number, pipelined: number[]): Promise<Socket[]> {
  const { hostname, port } = new URL(url);
  const options = { host: hostname, port: Number(port), localAddress: ATTACKER };
  const sockets = Array.from({ length: count }, () => connect(options).pause());
  for (const socket of sockets) socket.on('error', () => undefined);
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  for (const [index, socket] of sockets.entries()) {
    socket.write(REQUEST.repeat(pipelined[index % pipelined.length] ?? 1));
  }
  return sockets;
}

/** Returns clients that are logged in. Each has an address and an account of its own. */
async function createAccounts(url: string, prefix: string): Promise<Client[]> {
  const clients = Array.from(
    { length: ACCOUNTS },
    (_, index) => new Client(url, { localAddress: `127.0.5.${index + 1}` }),
  );
  for (const [index, client] of clients.entries()) {
    await client.register(`${prefix}${index}`);
    const { status } = await client.login(`${prefix}${index}`);
    if (status !== 302) throw new Error(`${prefix}${index} could not log in: ${status}`);
  }
  return clients;
}

if (import.meta.main) {
  const [name = '', url = '', instance = ''] = process.argv.slice(2);
  await ATTACKS[name]?.({ url, instance });
  process.send?.('started');
}
