import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { useCleanup } from '../support/cleanup.ts';
import { type KeyPair, createAuthority, createCertificate } from '../support/certificates.ts';
import { useDatabase } from '../support/database.ts';
import { reservePort } from '../support/ports.ts';
import { databaseSettings, startProgram } from '../support/programs.ts';
import { HOST, type ProxyName, startProxy } from '../support/reverse-proxies.ts';
import { Client } from './client.ts';

const REGISTRATIONS_MAX = 2;
const { config } = useDatabase();
const defer = useCleanup();
let upstream: number;
let certificate: KeyPair;
let ca: string;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-proxies-'));
  defer(() => rm(folder, { recursive: true }));
  const authority = await createAuthority(folder, 'authority');
  certificate = await createCertificate(folder, authority, HOST);
  ca = await readFile(authority.certificate, 'utf8');
});

beforeAll(async () => {
  upstream = await reservePort(defer);
  const server = startProgram(
    'src/server.ts',
    {
      ...databaseSettings(config),
      SESSION_SECRET: 'a secret of the tests with 32 characters or more',
      HOST: '127.0.0.1',
      PORT: String(upstream),
      TRUST_PROXY: '1',
      LIMIT_REGISTRATIONS_PER_ADDRESS: String(REGISTRATIONS_MAX),
      NODE_ENV: 'production',
    },
    { outlivesTest: true },
  );
  defer(async () => {
    server.process.kill('SIGKILL');
    await server.ended;
  });
  await server.waitForOutput('MiniTwit is listening');
});

describe.each<{ title: string; name: ProxyName; network: string }>([
  { title: 'nginx', name: 'nginx', network: '127.0.1' },
  { title: 'Caddy', name: 'caddyfile', network: '127.0.2' },
  { title: 'Apache', name: 'apache', network: '127.0.3' },
])('$title with the configuration in docs/proxies.md', ({ name, network }) => {
  let url: string;

  beforeAll(async () => {
    url = `https://${HOST}:${await startProxy(name, { upstream, certificate }, defer)}`;
  });

  /** Returns a client at an address, with the headers of a browser without `Sec-Fetch-Site`. */
  function createClient(address: number, headers: Record<string, string> = {}): Client {
    const localAddress = `${network}.${address}`;
    return new Client(url, { localAddress, ca, headers: { Origin: url, ...headers } });
  }

  test('a user registers, signs in, posts and signs out', async () => {
    const alice = createClient(1);
    const username = `alice of ${name}`;
    expect((await alice.register(username)).headers.location).toBe('/login');
    const login = await alice.login(username);
    expect(login.headers.location).toBe('/login?signed-in');
    // MiniTwit knows that the client used https.
    expect(login.headers['set-cookie']).toContainEqual(
      expect.stringMatching(/^__Host-session=.*; Secure/),
    );
    expect((await alice.post('/add_message', { text: `hello from ${name}` })).status).toBe(302);
    expect((await alice.get('/')).text).toContain(`hello from ${name}`);
    expect((await alice.get(`/${encodeURIComponent(username)}`)).status).toBe(200);
    expect((await alice.get('/%zz')).status).toBe(400);
    expect((await alice.post('/logout')).headers.location).toBe('/public');
    expect((await alice.post('/add_message', { text: 'too late' })).status).toBe(401);
  });

  test('refuses a change of state by another site', async () => {
    const { status } = await createClient(2, { Origin: 'https://evil.test' }).post('/logout');
    expect(status).toBe(403);
    const forged = { Origin: 'https://evil.test', 'X-Forwarded-Host': 'evil.test' };
    expect((await createClient(2, forged).post('/logout')).status).toBe(403);
  });

  test('limits count the address of a client, and ignore its headers', async () => {
    const register = (address: number, number: number, headers = {}) =>
      createClient(address, headers).register(`${name} ${address} ${number}`);
    for (let number = 0; number < REGISTRATIONS_MAX; number++) {
      expect((await register(3, number)).status).toBe(302);
    }
    expect((await register(3, 9)).status).toBe(429);
    expect((await register(3, 9, { 'X-Forwarded-For': `${network}.4` })).status).toBe(429);
    const forged = { 'X-Forwarded-For': `${network}.3` };
    expect((await register(4, 1, forged)).status).toBe(302);
  });

  test('ignores request ids of clients', async () => {
    const client = createClient(5, { 'X-Request-Id': 'chosen', 'X-Amzn-Trace-Id': 'Root=chosen' });
    expect((await client.get('/public')).headers['x-request-id']).toMatch(/^[\w-]{20,64}$/);
  });

  test('forwards a form that is too large to MiniTwit', async () => {
    const { status, text } = await createClient(6).post('/login', { draft: 'x'.repeat(70_000) });
    expect(status).toBe(413);
    expect(text).toContain('This is more than MiniTwit accepts');
  });

  test.each(['/readyz', '/healthz', '/readyz/', '/%72eadyz'])(
    '%s is not forwarded',
    async (path) => {
      const { status, text } = await createClient(7).get(path);
      expect([403, 404]).toContain(status);
      expect(text).not.toMatch(/^(?:alive|ready|not ready)\n$/);
    },
  );
});
