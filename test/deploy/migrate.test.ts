import { writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { useCleanup } from '../support/cleanup.ts';
import { createTablesOf18 } from '../support/schema.ts';
import { startTlsServer, type TlsServer } from '../support/tls-server.ts';
import { createInstance, type Instance } from './instance.ts';
import { installServer, journal, SETTINGS, start } from './server-instance.ts';

const MASTER_SECRET = 'arn:aws:secretsmanager:eu-test-1:123456789012:secret:rds!db-1';
const READ_STATUS = "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:5000/readyz";

const defer = useCleanup();
let instance: Instance;
let database: TlsServer;

beforeAll(async () => {
  instance = await createInstance(defer);
  await installServer(instance);
  database = await startTlsServer(instance.authority, 'localhost');
  defer(() => database.stop());
  await instance.boot();
  await connectToDatabase();
});

beforeEach(async () => {
  await createTablesOf18(database.config);
  await instance.run('rm -f /srv/aws/calls');
});

test('an instance that may read the master password migrates the database before the server starts', async () => {
  const { user: username, password } = database.administrator;
  await putMasterSecret({ SecretString: JSON.stringify({ username, password }) });
  await startServer();
  expect((await instance.run(READ_STATUS)).output).toBe('200');
  const log = await journal(instance);
  const [applied, started] = ['Applied the migration 002', 'Started minitwit.service'];
  expect(log).toContain(applied);
  expect(log.indexOf(applied)).toBeLessThan(log.indexOf(started));
  expect(log).not.toContain(password);
});

test('the server starts after a failed migration, which is logged, and is not ready', async () => {
  await putMasterSecret({ SecretString: '{"username":"administrator","password":"outdated"}' });
  const output = await startServer();
  const reason = 'refused the user "administrator"';
  expect(output).toMatch(new RegExp(`The database was not migrated:\n.*${reason}`));
  expect(await journal(instance)).toContain(reason);
  expect((await instance.run(READ_STATUS)).output).toBe('503');
});

test('an instance that may not read the master password starts its server without a retry', async () => {
  await putMasterSecret(null);
  const output = await startServer();
  expect(output).toMatch(
    /^This instance may not read the master password, [^\n]+\nMiniTwit is up/m,
  );
  const { output: calls } = await instance.run('cat /srv/aws/calls');
  expect(calls).toBe(
    `HOME=/root AWS_REGION=eu-test-1 aws secretsmanager get-secret-value --output json --secret-id ${MASTER_SECRET}\n`,
  );
  expect((await instance.run(READ_STATUS)).output).toBe('503');
});

test('an image without migrate.sh starts its server', async () => {
  await instance.run('rm /opt/minitwit/migrate.sh');
  expect(await startServer()).not.toContain('master password');
});

/** Starts the server by the user data, which connects to the database, and returns its output. */
function startServer(): Promise<string> {
  const { user, password, name } = database.config;
  const login = { DB_HOST: 'localhost', DB_USER: user, DB_PASSWD: password, DB_NAME: name };
  return start(instance, { ...SETTINGS, ...login, MASTER_SECRET });
}

/** Sets the response of the AWS stand-in for the master's secret. Null denies the access. */
async function putMasterSecret(response: object | null): Promise<void> {
  const file = join(instance.root, 'srv/aws', MASTER_SECRET);
  await writeFile(file, response ? JSON.stringify(response) : '');
}

/** Forwards the instance's port 3306 to the database of this machine, whose network it cannot reach, through a socket file. */
async function connectToDatabase(): Promise<void> {
  const { port } = database.config;
  const server = createServer((socket) => {
    const upstream = connect(port, '127.0.0.1');
    socket.on('error', () => upstream.destroy());
    upstream.on('error', () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
  });
  defer(() => void server.close());
  await new Promise<void>((resolve) =>
    server.listen(join(instance.root, 'srv/database.sock'), resolve),
  );
  const forward = `const { connect, createServer } = require('node:net');
createServer((socket) => {
  const upstream = connect('/srv/database.sock');
  socket.on('error', () => upstream.destroy());
  upstream.on('error', () => socket.destroy());
  socket.pipe(upstream).pipe(socket);
}).listen(3306, '127.0.0.1');`;
  await writeFile(join(instance.root, 'srv/forward.cjs'), forward);
  await instance.run('systemd-run --quiet --unit=forward /usr/bin/node /srv/forward.cjs');
}
