import { once } from 'node:events';
import { Agent, get, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { beforeAll, expect, test } from 'vitest';
import type { Environment } from '../src/environment.ts';
import { useDatabase } from './support/database.ts';
import { databaseSettings, startProgram } from './support/programs.ts';

const { config } = useDatabase();
let settings: Environment;

beforeAll(async () => {
  settings = {
    ...(await databaseSettings(config)),
    SESSION_SECRET: 'a secret of the tests with 32 characters or more',
    HOST: '127.0.0.1',
    PORT: '0',
  };
});

async function startServer() {
  const program = startProgram('dist/server.js', settings);
  await program.says('"msg":"listening"');
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

test('each line of its log is JSON', async () => {
  const { program, url } = await startServer();
  await fetch(`${url}/public?before=x`);
  await program.says('request completed');
  const lines = program.output.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(lines).toContainEqual(
    expect.objectContaining({
      req: { id: expect.any(String), method: 'GET', path: '/public' },
      res: { statusCode: 400 },
    }),
  );
});

test('it starts and serves without a database, and says 503 in our look', async () => {
  const program = startProgram('dist/server.js', { ...settings, DB_PASSWD: 'wrong-secret' });
  await program.says('"msg":"listening"');
  const port = /"port":(\d+)/.exec(program.output.stdout)?.[1];
  const response = await fetch(`http://127.0.0.1:${port}/public`);
  expect(response.status).toBe(503);
  expect(await response.text()).toContain('MiniTwit cannot answer at this moment.');
  expect(program.process.exitCode).toBeNull();
  expect(program.output.stdout).not.toContain('wrong-secret');
});

test('settings that are bad or missing are all named, and nothing is started', async () => {
  const program = startProgram('dist/server.js', { DB_HOST: 'x', PORT: 'y' });
  expect(await program.ended).toBe(1);
  expect(program.output).toEqual({
    stdout: '',
    stderr: [
      'Settings that need attention:',
      '  DB_USER is not set',
      '  DB_PASSWD is not set',
      '  DB_NAME is not set',
      '  SESSION_SECRET is not set',
      '  PORT must be a whole number from 0 to 65535',
      '',
    ].join('\n'),
  });
});

test('a port that is taken is one line, and status 1', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const program = startProgram('dist/server.js', { ...settings, PORT: String(port) });
  expect(await program.ended).toBe(1);
  expect(program.output.stderr).toBe(
    `Cannot listen on port ${port} of 127.0.0.1: something else uses it. Set PORT to another.\n`,
  );
  other.close();
});
