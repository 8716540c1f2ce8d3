import { once } from 'node:events';
import { Agent, get, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type Environment, formatSettingsProblems } from '../src/config/environment.ts';
import { useDatabase } from './support/database.ts';
import { isRunning } from '../src/dev/processes.ts';
import { findFreePort } from '../src/dev/free-port.ts';
import { createVisitor } from './support/minitwit.ts';
import { databaseSettings, type Program, startProgram } from './support/programs.ts';
import { waitFor } from './support/wait-for.ts';

const { config } = useDatabase();
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
  'it serves, and stops at %s with status 0',
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
])('with NODE_ENV=%s, the password %s gets: %s', async (NODE_ENV, password, message) => {
  const { program, url } = await startServer({ NODE_ENV });
  const { text } = await createVisitor(url).register(`${NODE_ENV} ${password}`, password);
  expect(text).toContain(message);
  program.process.kill('SIGTERM');
  expect(await program.ended).toBe(0);
});

test('it stops at once with connections that ask for nothing, after those that do', async () => {
  const { program, url } = await startServer();
  const { port } = new URL(url);
  // one that never asks, as browsers open them, and one that keeps open what it has
  const silent = connect(Number(port), '127.0.0.1');
  await once(silent, 'connect');
  const keptOpen = new Agent({ keepAlive: true });
  const [response] = (await once(get(url, { agent: keptOpen }), 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');

  // and one whose form is still coming
  const slow = request(`${url}/register`, {
    method: 'POST',
    headers: { Expect: '100-continue', 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  slow.flushHeaders();
  await once(slow, 'continue');
  program.process.kill('SIGTERM');
  // not only when the time for open requests is over, which would end the slow one as well
  await once(silent.resume(), 'close');
  slow.end('username=a&email=a@b&password=x&password2=x');
  const [answer] = (await once(slow, 'response')) as [IncomingMessage];
  expect(answer.headers.location).toBe('/login');
  expect(await program.ended).toBe(0);
  keptOpen.destroy();
});

test('asked to stop, it says at once that it is not ready, and serves on until balancers know', async () => {
  const { program, url } = await startServer({ DRAIN_DELAY_S: '4' });
  const keptOpen = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = async (path: string) => {
    const [answer] = (await once(get(url + path, { agent: keptOpen }), 'response')) as [
      IncomingMessage,
    ];
    await once(answer.resume(), 'end');
    return [answer.statusCode, answer.headers.connection];
  };
  expect(await ask('/readyz')).toEqual([200, 'keep-alive']);
  program.process.kill('SIGTERM');
  await program.waitForOutput('shutting down');
  expect(await ask('/readyz')).toEqual([503, 'close']);
  expect(await ask('/healthz')).toEqual([200, 'close']);
  expect(await ask('/public')).toEqual([200, 'close']);
  expect(await program.ended).toBe(0);
  keptOpen.destroy();
});

test('asked to stop, it answers what came on a connection behind something else', async () => {
  const { program, url } = await startServer();
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8');
  let answers = '';
  socket.on('data', (text: string) => (answers += text));
  const form = 'username=b&email=a@b&password=x&password2=x';
  socket.write(
    `GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nPOST /register HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n\r\n`,
  );
  await waitFor('the first answer', () => answers.includes('alive'));
  program.process.kill('SIGTERM');
  await program.waitForOutput('shutting down');
  socket.write(form);
  await once(socket, 'close');
  expect(answers).toMatch(/HTTP\/1\.1 302 Found[^]*Location: \/login/);
  expect(await program.ended).toBe(0);
});

test.each(['1', '2'])(
  'asked to stop twice, it still finishes, with %s processes',
  async (workers) => {
    const { program } = await startServer({ DRAIN_DELAY_S: '1', WEB_CONCURRENCY: workers });
    // as a terminal or a supervisor signals: the whole group
    const group = -(program.process.pid ?? 0);
    process.kill(group, 'SIGTERM');
    await program.waitForOutput('shutting down');
    process.kill(group, 'SIGTERM');
    expect(await program.ended).toBe(0);
  },
);

test('asked to stop, it ends in time, whoever is slow', async () => {
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

test('each line of its log is JSON', async () => {
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

test('it starts and serves without a database, and says 503 in our look', async () => {
  const program = startProgram('src/server.ts', { ...settings, DB_PASSWD: 'wrong-secret' });
  await program.waitForOutput('MiniTwit is listening');
  const port = /"port":(\d+)/.exec(program.output.stdout)?.[1];
  const response = await fetch(`http://127.0.0.1:${port}/public`);
  expect(response.status).toBe(503);
  expect(await response.text()).toContain('MiniTwit cannot answer at this moment.');
  expect(program.process.exitCode).toBeNull();
  expect(program.output.stdout).not.toContain('wrong-secret');
});

test('settings that are bad or missing are all named, and nothing is started', async () => {
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

test('a port that is taken is one line, and status 1', async () => {
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

describe('several workers', () => {
  test('share a port and the connections, and stop together', async () => {
    const { program, url } = await startServer({ WEB_CONCURRENCY: '2', DB_POOL_SIZE: '2' });
    const pids = await workersOf(program, 2);
    expect(new Set(pids).size).toBe(2);
    expect((await fetch(`${url}/public`)).status).toBe(200);
    program.process.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test('are replaced when they die', async () => {
    const { program, url } = await startServer({ WEB_CONCURRENCY: '2' });
    const [first] = await workersOf(program, 2);
    process.kill(first ?? 0, 'SIGKILL');
    await program.waitForOutput('A worker exited');
    const pids = await workersOf(program, 3);
    expect(new Set(pids).size).toBe(3);
    expect((await fetch(`${url}/public`)).status).toBe(200);
  });

  test('do not outlive the primary', async () => {
    const { program } = await startServer({ WEB_CONCURRENCY: '2' });
    const pids = await workersOf(program, 2);
    program.process.kill('SIGKILL');
    await waitFor('all have ended', () => !pids.some(isRunning));
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test('that cannot start end the program, with the reason', async () => {
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

  /** Waits until so many workers have started to listen, and gives their process ids. */
  async function workersOf(program: Program, count: number): Promise<number[]> {
    await program.waitForOutput(new RegExp(`(?:MiniTwit is listening[^]*){${count}}`));
    const lines = program.output.stdout
      .split('\n')
      .filter((line) => line.includes('MiniTwit is listening'));
    return lines.map((line) => Number(/"pid":(\d+)/.exec(line)?.[1]));
  }
});

describe('metrics', () => {
  test.each(['1', '2'])('are shown on a port of their own, with %s workers', async (workers) => {
    const port = String(await findFreePort());
    const more = { METRICS_PORT: port, WEB_CONCURRENCY: workers };
    const { url, program } = await startServer(more);
    // A worker that still starts is not asked for its figures, or shows how it connects to the database.
    await program.waitForOutput(new RegExp(`(?:MiniTwit is listening[^]*){${workers}}`));
    for (let visit = 0; visit < 4; visit++) await fetch(`${url}/public`);
    await fetch(`${url}/nobody`);
    await fetch(`${url}/static/style.css`);
    await fetch(`${url}/a/b`);
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    const text = await response.text();
    const figure = (name: string) => Number(text.split(`\n${name} `, 2)[1]?.split('\n', 1)[0]);
    const requests = (labels: string) => figure(`http_request_duration_seconds_count{${labels}}`);
    expect(requests('method="GET",route="/public",status="200"')).toBe(4);
    expect(requests('method="GET",route="/:username",status="404"')).toBe(1);
    expect(requests('method="GET",route="/static/:name",status="200"')).toBe(1);
    expect(requests('method="GET",route="none",status="404"')).toBe(1);
    expect(figure('minitwit_db_connections')).toBeGreaterThan(0);
    expect(figure('minitwit_db_connections_used')).toBe(0);
    expect(figure('minitwit_db_waiting')).toBe(0);
    expect(figure('minitwit_db_waits_total')).toBeGreaterThan(4);
    expect(figure('minitwit_hashes_waiting')).toBe(0);
    expect(figure('minitwit_sessions')).toBe(0);
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
  });

  test.each(['1', '2'])(
    'are shown to this machine alone, unless METRICS_HOST is set, with %s workers',
    async (workers) => {
      const more = { HOST: '0.0.0.0', METRICS_PORT: String(await findFreePort()) };
      const address = `http://127.0.0.2:${more.METRICS_PORT}/metrics`;
      const closed = await startServer({ ...more, WEB_CONCURRENCY: workers });
      // The pages are there, on all addresses of this machine.
      const pages = closed.url.replace('127.0.0.1', '127.0.0.2');
      expect((await fetch(`${pages}/public`)).status).toBe(200);
      await expect(fetch(address)).rejects.toThrow('fetch failed');
      closed.program.process.kill('SIGTERM');
      await closed.program.ended;
      await startServer({ ...more, METRICS_HOST: '0.0.0.0', WEB_CONCURRENCY: workers });
      expect((await fetch(address)).status).toBe(200);
    },
  );
});

describe('what HTTP allows', () => {
  /** Sends bytes as they are, and gives the status line of what comes back before the end. */
  async function send(url: string, bytes: string): Promise<string> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8');
    socket.write(bytes);
    let answer = '';
    socket.on('data', (text: string) => (answer += text));
    await once(socket, 'close');
    return answer.split('\r\n', 1)[0] ?? '';
  }

  test('headers of more than 16 KiB are refused, and others served', async () => {
    const { url } = await startServer();
    const head = `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`;
    expect(await send(url, head)).toBe('HTTP/1.1 431 Request Header Fields Too Large');
    expect(await send(url, 'nonsense\r\n\r\n')).toBe('HTTP/1.1 400 Bad Request');
    expect((await fetch(url)).status).toBe(200);
  });
});
