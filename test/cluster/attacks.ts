import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from './client.ts';

// A program of its own, so that the attacker's work does not slow down the reader whose pages are measured:
//   node attacks.ts ATTACK URL URL-OF-AN-INSTANCE
// It sends a message when the attack has begun, and attacks until it is killed.

/** Where the attacker finds MiniTwit: through the load balancer, and past it. */
interface Target {
  url: string;
  instance: string;
}

const ATTACKER = '127.0.4.1';
const ACCOUNTS = 20;
// A name whose normalization would take seconds, in a form of 32 KB.
const COMBINING_MARKS = `a${'\u0344'.repeat(2600)}${'\u0316'.repeat(2600)}`;

const REQUEST = 'GET /public HTTP/1.1\r\nHost: minitwit\r\n\r\n';

/** The attacks of one address, or of twenty accounts, by name. Each resolves when it has begun. */
export const ATTACKS: Record<string, (target: Target) => Promise<void>> = {
  'readiness checks of an instance': ({ instance }) =>
    repeat(400, instance, (client) => client.get('/readyz')),
  'parallel reads': ({ url }) => repeat(200, url, (client) => client.get('/public')),
  'usernames that are slow to normalize': ({ url }) =>
    repeat(3, url, (client) =>
      client.post('/login', { username: COMBINING_MARKS, password: 'a password' }),
    ),
  async 'parallel correct logins'({ url }) {
    await createAccounts(url, 'login');
    // Each login is a new session of a client without cookies.
    await repeat(72, url, async (_client, index) => {
      const { status } = await attacker(url).login(`login${index % 8}`);
      if (status !== 302) await sleep(10);
    });
  },
  'connections that never read': async ({ url, instance }) => {
    for (const at of [url, instance]) await openConnections(at, 150, [16, 100]);
  },
  async 'connections with pipelined requests that read slowly'({ instance }) {
    const sockets = await openConnections(instance, 20, [16, 400]);
    setInterval(() => {
      for (const socket of sockets) socket.read(16);
    }, 100);
  },
  async 'accounts that follow and unfollow one user'({ url }) {
    await attacker(url).register('victim');
    // Accounts of this run, which have not spent their budgets.
    const accounts = await createAccounts(url, `fan${process.pid}-`);
    await repeat(ACCOUNTS, url, async (_client, index, turn) => {
      await accounts[index]?.post(`/victim/${turn % 2 === 0 ? 'follow' : 'unfollow'}`);
    });
  },
  'reads of the oldest pages': ({ url }) =>
    repeat(20, url, (client, index, turn) =>
      client.get(`/public?before=${index * 1000 + turn + 1}`),
    ),
};

/** Lets this many clients do something again and again; resolves when each has done it once. */
async function repeat(
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
 * Opens connections that read nothing, and sends pipelined requests on them: in turn each of these numbers, whose answers are
 * together more than the buffers of a connection hold.
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

/** Creates accounts that are logged in, from an address each. */
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
  process.send?.('begun');
}
