import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Environment } from '../../src/config/environment.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useEmptyDatabase } from '../support/database.ts';
import { reservePort } from '../support/ports.ts';
import { expectSbom } from '../support/sbom.ts';
import { NODE_OPTIONS } from '../support/production.ts';
import { databaseSettings, type Program, startCommand } from '../support/programs.ts';
import { HANG_MS } from '../support/timeouts.ts';
import { buildImage } from './image.ts';
import { podman, removeContainer, runCommand, runInContainer } from './podman.ts';

const CANARY = 'canary-of-the-tests';
const OWN_MAX_BYTES = 50 * 1000 * 1000;
// The options of compose.yaml.
const HARDENED = ['--read-only', '--cap-drop', 'all', '--security-opt', 'no-new-privileges'];

const config = useEmptyDatabase();
const defer = useCleanup();
let image: string;
let base: string;
let settings: Environment;

beforeAll(async () => {
  ({ image, base } = await buildImage(await copySources()));
  settings = {
    ...databaseSettings(config),
    SESSION_SECRET: 'a secret of the tests with 32 characters or more',
    HOST: '127.0.0.1',
    PORT: String(await reservePort(defer)),
  };
});

/** Copies the sources to a folder, with further files that must not be in the image. Returns the folder. */
async function copySources(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-image-'));
  defer(() => rm(folder, { recursive: true }));
  const excluded = /^(node_modules|dist|\.git|\.data|\.env)$/;
  await cp('.', folder, {
    recursive: true,
    filter: (file) => !excluded.test(file),
    // podman rebuilds the layers of newer files.
    preserveTimestamps: true,
  });
  for (const file of ['.env', '.git/config', '.data/session-secret', 'dist/old.js', '.npmrc']) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), CANARY);
  }
  return folder;
}

/** Runs a shell command in a container as root. Returns its stdout. */
function runShell(command: string): Promise<string> {
  return runInContainer('--user', '0', image, 'sh', '-c', command);
}

function environment(changes: Environment = {}): string[] {
  return Object.entries({ ...settings, ...changes }).map(
    ([name, value]) => `--env=${name}=${value}`,
  );
}

function start(...command: string[]): { program: Program; name: string } {
  const name = `minitwit-${randomBytes(4).toString('hex')}`;
  removeContainer(onTestFinished, name);
  const parameters = ['--name', name, ...HARDENED, ...environment(), image, ...command];
  return { program: startCommand(runCommand(...parameters)), name };
}

interface Inspected {
  Size: number;
  Config: { Env: string[] };
  Healthcheck: { Test: string[] };
}

async function inspect(id: string): Promise<Inspected> {
  const [inspected] = JSON.parse(await podman('image', 'inspect', id)) as Inspected[];
  if (!inspected) throw new Error(`The image ${id} does not exist.`);
  return inspected;
}

async function healthCheck(): Promise<string[]> {
  const [kind, ...command] = (await inspect(image)).Healthcheck.Test;
  expect(kind).toBe('CMD');
  return command;
}

test('contains MiniTwit and its production packages only', async () => {
  expect((await runShell('ls -A /app')).split('\n')).toEqual([
    'dist',
    'migrations',
    'node_modules',
    'package.json',
    'sbom.cdx.json',
    'schema.sql',
    'static',
    'views',
  ]);
  const packages = (await runShell('cd /app/node_modules && ls -d * @*/*')).split('\n');
  expect(packages).toEqual(expect.arrayContaining(['express', 'mysql2', '@pinojs/redact']));
  const lock = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  const development = Object.keys(lock.packages).filter((path) => lock.packages[path]?.dev);
  expect(development).toContain('node_modules/typescript');
  expect(packages.filter((name) => development.includes(`node_modules/${name}`))).toEqual([]);
});

test('the SBOM lists the production packages only', async () => {
  await expectSbom(await runShell('cat /app/sbom.cdx.json'));
});

test('contains no local files of a developer, and no files of npm', async () => {
  const folders = '/app /root /home /tmp /var/tmp /build /production';
  expect(await runShell(`grep -rl ${CANARY} ${folders} 2>/dev/null || true`)).toBe('');
  expect(await runShell('ls -A /root /home /tmp /var/tmp | grep -i -e npm -e node || true')).toBe(
    '',
  );
  expect(await runShell('ls -d /build /production 2>/dev/null || true')).toBe('');
});

test('the settings and the history contain no secret', async () => {
  const { Env } = (await inspect(image)).Config;
  const ofBase = (await inspect(base)).Config.Env;
  // podman adds a PATH if the base has none.
  const own = Env.filter((each) => !ofBase.includes(each) && !each.startsWith('PATH='));
  expect(own).toEqual(['NODE_ENV=production', `NODE_OPTIONS=${NODE_OPTIONS}`]);
  const history = await podman('history', '--no-trunc', '--format', '{{.CreatedBy}}', image);
  expect(history).toContain('dist/server.js');
  expect(history).not.toMatch(/secret|passw|token/i);
});

test('adds less than 50 MB to the base image', async () => {
  const own = (await inspect(image)).Size - (await inspect(base)).Size;
  expect(own).toBeGreaterThan(0);
  expect(own).toBeLessThan(OWN_MAX_BYTES);
});

test('runs without root, and cannot change its files', async () => {
  expect(await runInContainer(image, 'sh', '-c', 'grep -E "^(Uid|CapEff)" /proc/1/status')).toBe(
    'Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000',
  );
  const writable = 'find / -xdev -writable ! -type l';
  const found = (await runInContainer(image, 'sh', '-c', `${writable} 2>/dev/null || true`)).split(
    '\n',
  );
  expect(found).toContain('/tmp');
  expect(found.filter((path) => !/^\/(tmp|var\/tmp|run\/lock|dev|proc)(\/|$)/.test(path))).toEqual(
    [],
  );
});

test('creates the tables, serves pages, is healthy, and exits with status 0 at SIGTERM', async () => {
  const initdb = start('node', 'dist/initdb.js', '--if-missing');
  expect(await initdb.program.ended).toBe(0);
  expect(initdb.program.output.stdout).toBe('Initialized the database.\n');

  const { program, name } = start();
  await program.waitForOutput('MiniTwit is listening');
  const url = `http://127.0.0.1:${settings.PORT}`;
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(await (await fetch(`${url}/public`)).text()).toContain('Public Timeline');
  expect((await fetch(`${url}/static/style.css`)).status).toBe(200);
  const register = (password: string) =>
    fetch(`${url}/register`, {
      method: 'POST',
      body: new URLSearchParams({ username: 'alice', email: 'a@b', password, password2: password }),
      redirect: 'manual',
    });
  expect(await (await register('short')).text()).toContain('at least 8 characters');
  expect(await (await register('password1')).text()).toContain('among the most common ones');
  expect((await register('a password')).headers.get('location')).toBe('/login');

  await podman('exec', name, ...(await healthCheck()));
  // The status is not 0 if podman has to send SIGKILL.
  await podman('stop', '--time', String(HANG_MS / 1000), name);
  expect(await program.ended).toBe(0);
});

test('the health check fails without a response, and for a response other than 200', async () => {
  const command = await healthCheck();
  const check = () => runInContainer(...environment(), image, ...command);
  await expect(check()).rejects.toMatchObject({ code: 1 });

  const server = createServer((_req, res) => res.writeHead(500).end());
  server.listen(Number(settings.PORT), '127.0.0.1');
  await once(server, 'listening');
  await expect(check()).rejects.toMatchObject({ code: 1 });
  server.removeAllListeners('request').on('request', (_req, res) => res.end());
  await check();
  server.close();
});
