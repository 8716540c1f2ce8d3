import { once } from 'node:events';
import { Agent, get, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Environment, formatSettingsProblems } from '../src/config/environment.ts';
import { useDatabase } from './support/database.ts';
import { isRunning } from '../src/dev/processes.ts';
import { findFreePort } from '../src/dev/free-port.ts';
import { createVisitor } from './support/minitwit.ts';
import { databaseSettings, type Program, startProgram } from './support/programs.ts';
import { startSmtpServer } from './support/smtp-server.ts';
import { waitFor } from './support/wait-for.ts';

const { config, database } = useDatabase();
const settings: Environment = {
  ...databaseSettings(config),
  SESSION_SECRET: 'a secret of the tests with 32 characters or more',
  HOST: '127.0.0.1',
  PORT: '0',
};

async function startServer(more: Environment = {}) {
  const program = startProgram('src/server.ts', { ...settings, ...more });
  await program.waitForOutput('MiniTwit is listening');
  const port = /"port":(\d+)/.exec(program.output.stdout)?.[1];
  return { program, url: `http://127.0.0.1:${port}` };
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  'serves pages, and exits with status 0 at %s',
  async (signal) => {
    const { program, url } = await startServer();
    const response = await fetch(`${url}/public`);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('Public Timeline');
    program.process.kill(signal);
    expect(await program.ended).toBe(0);
    expect(program.output.stderr).toBe('');
  },
);

test.each([
  ['production', 'short', 'Your password must have at least 8 characters'],
  ['production', 'Password1', 'This password is among the most common ones'],
  ['development', 'Password1', 'You were successfully registered'],
  ['development', 'p', 'You were successfully registered'],
])('NODE_ENV=%s responds to the password %s with: %s', async (NODE_ENV, password, message) => {
  const { program, url } = await startServer({ NODE_ENV });
  const { text } = await createVisitor(url).register(`${NODE_ENV} ${password}`, password);
  expect(text).toContain(message);
  program.process.kill('SIGTERM');
  expect(await program.ended).toBe(0);
});

test('closes idle connections at SIGTERM, and finishes open requests', async () => {
  const { program, url } = await startServer();
  const { port } = new URL(url);
  // One idle connection never sends a request, like those that browsers open in advance. The other is keep-alive.
  const unused = connect(Number(port), '127.0.0.1');
  await once(unused, 'connect');
  const keepAlive = new Agent({ keepAlive: true });
  const [response] = (await once(get(url, { agent: keepAlive }), 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');

  // The form of this request has not been sent yet.
  const slow = request(`${url}/register`, {
    method: 'POST',
    headers: { Expect: '100-continue', 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  slow.flushHeaders();
  await once(slow, 'continue');
  program.process.kill('SIGTERM');
  // At the end of the time for open requests, the server would close the slow request as well.
  await once(unused.resume(), 'close');
  slow.end('username=a&email=a@b&password=x&password2=x');
  const [registration] = (await once(slow, 'response')) as [IncomingMessage];
  expect(registration.headers.location).toBe('/login');
  expect(await program.ended).toBe(0);
  keepAlive.destroy();
});

test('is not ready after SIGTERM, and serves requests during DRAIN_DELAY_S', async () => {
  const { program, url } = await startServer({ DRAIN_DELAY_S: '4' });
  const keepAlive = new Agent({ keepAlive: true, maxSockets: 1 });
  const send = async (path: string) => {
    const [response] = (await once(get(url + path, { agent: keepAlive }), 'response')) as [
      IncomingMessage,
    ];
    await once(response.resume(), 'end');
    return [response.statusCode, response.headers.connection];
  };
  expect(await send('/readyz')).toEqual([200, 'keep-alive']);
  program.process.kill('SIGTERM');
  await program.waitForOutput('shutting down');
  expect(await send('/readyz')).toEqual([503, 'close']);
  expect(await send('/healthz')).toEqual([200, 'close']);
  expect(await send('/public')).toEqual([200, 'close']);
  expect(await program.ended).toBe(0);
  keepAlive.destroy();
});

test('finishes a pipelined request after SIGTERM', async () => {
  const { program, url } = await startServer();
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8');
  let received = '';
  socket.on('data', (text: string) => (received += text));
  const form = 'username=b&email=a@b&password=x&password2=x';
  socket.write(
    `GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nPOST /register HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n\r\n`,
  );
  await waitFor('the first response', () => received.includes('alive'));
  program.process.kill('SIGTERM');
  await program.waitForOutput('shutting down');
  socket.write(form);
  await once(socket, 'close');
  expect(received).toMatch(/HTTP\/1\.1 302 Found[^]*Location: \/login/);
  expect(await program.ended).toBe(0);
});

test.each(['1', '2'])(
  'shuts down gracefully after two signals, with WEB_CONCURRENCY=%s',
  async (workers) => {
    const { program } = await startServer({ DRAIN_DELAY_S: '1', WEB_CONCURRENCY: workers });
    // Terminals and supervisors signal the whole process group.
    const group = -(program.process.pid ?? 0);
    process.kill(group, 'SIGTERM');
    await program.waitForOutput('shutting down');
    process.kill(group, 'SIGTERM');
    expect(await program.ended).toBe(0);
  },
);

test('exits after DRAIN_MAX_S, although a request is still open', async () => {
  const { program, url } = await startServer({ DRAIN_MAX_S: '1' });
  const slow = request(`${url}/register`, {
    method: 'POST',
    headers: { Expect: '100-continue', 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  slow.flushHeaders();
  await once(slow, 'continue');
  slow.on('error', () => undefined);
  program.process.kill('SIGTERM');
  expect(await program.ended).toBe(0);
});

test('logs lines of JSON', async () => {
  const { program, url } = await startServer();
  await fetch(`${url}/public?before=x`);
  await program.waitForOutput('request completed');
  const lines = program.output.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(lines).toContainEqual(
    expect.objectContaining({
      req: expect.objectContaining({ method: 'GET', path: '/public', address: '127.0.0.1' }),
      res: { statusCode: 400 },
    }),
  );
});

test('starts without a database, and returns 503 with a page of MiniTwit', async () => {
  const program = startProgram('src/server.ts', { ...settings, DB_PASSWD: 'wrong-secret' });
  await program.waitForOutput('MiniTwit is listening');
  const port = /"port":(\d+)/.exec(program.output.stdout)?.[1];
  const response = await fetch(`http://127.0.0.1:${port}/public`);
  expect(response.status).toBe(503);
  expect(await response.text()).toContain('MiniTwit cannot answer at this moment.');
  expect(program.process.exitCode).toBeNull();
  expect(program.output.stdout).not.toContain('wrong-secret');
});

test('lists all missing and invalid settings and does not start', async () => {
  const program = startProgram('src/server.ts', { DB_HOST: 'x', PORT: 'y' });
  expect(await program.ended).toBe(1);
  expect(program.output).toEqual({
    stdout: '',
    stderr: `${formatSettingsProblems([
      'DB_USER is not set',
      'DB_PASSWD is not set',
      'DB_NAME is not set',
      'SESSION_SECRET is not set',
      'PORT must be an integer from 0 to 65535',
    ])}\n`,
  });
});

test('exits with status 1 and one line if another program uses the port', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const program = startProgram('src/server.ts', { ...settings, PORT: String(port) });
  expect(await program.ended).toBe(1);
  expect(program.output.stderr).toBe(
    `Cannot listen on port ${port} of 127.0.0.1: another program uses the port. Set PORT to another port.\n`,
  );
  other.close();
});

describe('with several workers', () => {
  test('shares the port among the workers, and stops all of them', async () => {
    const { program, url } = await startServer({ WEB_CONCURRENCY: '2', DB_POOL_SIZE: '2' });
    const pids = await waitForWorkers(program, 2);
    expect(new Set(pids).size).toBe(2);
    expect((await fetch(`${url}/public`)).status).toBe(200);
    program.process.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test('replaces a worker that exits', async () => {
    const { program, url } = await startServer({ WEB_CONCURRENCY: '2' });
    const [first] = await waitForWorkers(program, 2);
    process.kill(first ?? 0, 'SIGKILL');
    await program.waitForOutput('A worker exited');
    const pids = await waitForWorkers(program, 3);
    expect(new Set(pids).size).toBe(3);
    expect((await fetch(`${url}/public`)).status).toBe(200);
  });

  test('the workers exit if the primary process is killed', async () => {
    const { program } = await startServer({ WEB_CONCURRENCY: '2' });
    const pids = await waitForWorkers(program, 2);
    program.process.kill('SIGKILL');
    await waitFor('all workers have exited', () => !pids.some(isRunning));
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test('exits with the reason if no worker can start', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const program = startProgram('src/server.ts', {
      ...settings,
      PORT: String(port),
      WEB_CONCURRENCY: '2',
    });
    expect(await program.ended).toBe(1);
    expect(program.output.stderr).toContain('another program uses the port');
    expect(program.output.stderr).toContain('No worker could start.');
    other.close();
  });
});

test('sends stored mails, counts them, and finishes a delivery at SIGTERM', async () => {
  const finish: (() => void)[] = [];
  const { smtp, close } = await startSmtpServer({
    allowInsecureAuth: true,
    onAuth: ({ username }, _session, done) => done(null, { user: username ?? '' }),
    onData(stream, _session, done) {
      stream.resume();
      finish.push(done);
    },
  });
  onTestFinished(close);
  const metricsPort = String(await findFreePort());
  const { program, url } = await startServer({
    MAIL_URL: `smtp://a-user:a-mail-password@127.0.0.1:${smtp.port}`,
    MAIL_FROM: 'noreply@example.com',
    SITE_URL: 'https://example.com',
    METRICS_PORT: metricsPort,
  });
  const readSent = async () => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    return /^minitwit_mails_sent_total (\d+)$/m.exec(text)?.[1];
  };
  const { post, register } = createVisitor(url);
  await register('mona', 'a password', { email: 'mona@example.com' });
  await post('/forgot_password', { email: 'mona@example.com' });
  await waitFor('the first mail', () => finish.length === 1);
  expect(await readSent()).toBe('0');
  finish[0]?.();
  await waitFor('the metric', async () => (await readSent()) === '1');

  await post('/forgot_password', { email: 'mona@example.com' });
  await waitFor('the second mail', () => finish.length === 2);
  program.process.kill('SIGTERM');
  await program.waitForOutput('MiniTwit is shutting down.');
  finish[1]?.();
  expect(await program.ended).toBe(0);
  expect(await database.select('select 1 from mail')).toEqual([]);
  expect(program.output.stdout + program.output.stderr).not.toContain('a-mail-password');
});

describe('metrics', () => {
  test.each(['1', '2'])(
    'are served on METRICS_PORT only, with WEB_CONCURRENCY=%s',
    async (workers) => {
      const port = String(await findFreePort());
      const more = { METRICS_PORT: port, WEB_CONCURRENCY: workers };
      const { url, program } = await startServer(more);
      // The metrics of a worker that is still starting would be missing, or would contain its connection to the
      // database.
      await waitForWorkers(program, Number(workers));
      for (let visit = 0; visit < 4; visit++) await fetch(`${url}/public`);
      await fetch(`${url}/nobody`);
      await fetch(`${url}/static/style.css`);
      await fetch(`${url}/a/b`);
      const response = await fetch(`http://127.0.0.1:${port}/metrics`);
      expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
      const text = await response.text();
      const metric = (name: string) => Number(text.split(`\n${name} `, 2)[1]?.split('\n', 1)[0]);
      const requests = (labels: string) => metric(`http_request_duration_seconds_count{${labels}}`);
      expect(requests('method="GET",route="/public",status="200"')).toBe(4);
      expect(requests('method="GET",route="/:username",status="404"')).toBe(1);
      expect(requests('method="GET",route="/static/:name",status="200"')).toBe(1);
      expect(requests('method="GET",route="none",status="404"')).toBe(1);
      expect(metric('minitwit_db_connections')).toBeGreaterThan(0);
      expect(metric('minitwit_db_connections_used')).toBe(0);
      expect(metric('minitwit_db_waiting')).toBe(0);
      expect(metric('minitwit_db_waits_total')).toBeGreaterThan(4);
      expect(metric('minitwit_hashes_waiting')).toBe(0);
      expect(metric('minitwit_sessions')).toBe(0);
      expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
      expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
      expect((await fetch(`${url}/metrics`)).status).toBe(404);
    },
  );

  test.each(['1', '2'])(
    'are served on 127.0.0.1 unless METRICS_HOST is set, with WEB_CONCURRENCY=%s',
    async (workers) => {
      const more = { HOST: '0.0.0.0', METRICS_PORT: String(await findFreePort()) };
      const address = `http://127.0.0.2:${more.METRICS_PORT}/metrics`;
      const closed = await startServer({ ...more, WEB_CONCURRENCY: workers });
      // Pages are served on all addresses of this machine.
      const pages = closed.url.replace('127.0.0.1', '127.0.0.2');
      expect((await fetch(`${pages}/public`)).status).toBe(200);
      await expect(fetch(address)).rejects.toThrow('fetch failed');
      closed.program.process.kill('SIGTERM');
      await closed.program.ended;
      const opened = { ...more, METRICS_HOST: '0.0.0.0', WEB_CONCURRENCY: workers };
      const { program } = await startServer(opened);
      // A worker that starts for longer than five seconds would fail the request.
      await waitForWorkers(program, Number(workers));
      expect((await fetch(address)).status).toBe(200);
    },
  );
});

/** Waits until `count` workers have listened, and returns their process ids. */
async function waitForWorkers(program: Program, count: number): Promise<number[]> {
  await program.waitForOutput(new RegExp(`(?:MiniTwit is listening[^]*){${count}}`));
  const lines = program.output.stdout
    .split('\n')
    .filter((line) => line.includes('MiniTwit is listening'));
  return lines.map((line) => Number(/"pid":(\d+)/.exec(line)?.[1]));
}

/** Sends bytes, and returns the status line of the response when the connection is closed. */
async function sendBytes(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8');
  socket.write(bytes);
  let response = '';
  socket.on('data', (text: string) => (response += text));
  await once(socket, 'close');
  return response.split('\r\n', 1)[0] ?? '';
}

test('refuses headers of more than 16 KiB, and text that is not HTTP', async () => {
  const { url } = await startServer();
  const head = `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`;
  expect(await sendBytes(url, head)).toBe('HTTP/1.1 431 Request Header Fields Too Large');
  expect(await sendBytes(url, 'nonsense\r\n\r\n')).toBe('HTTP/1.1 400 Bad Request');
  expect((await fetch(url)).status).toBe(200);
});
