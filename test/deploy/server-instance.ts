import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, vi } from 'vitest';
import type { Defer } from '../support/cleanup.ts';
import { HANG_MS } from '../support/timeouts.ts';
import { createInstance, fillIn, type Instance } from './instance.ts';

const run = promisify(execFile);

/** A part of each secret. A search for it finds every copy of a secret. */
export const CANARY = 'canary-4f1d9c';
const NASTY = ` "two" 'one' \\ \\\\ \\n $HOME \${HOME} $(id) \`id\` #no=t;a%n %% é 🐦\nnext ${CANARY}\\`;

/** Settings with which the server starts. */
export const SETTINGS = {
  DB_HOST: 'database.test',
  DB_USER: 'minitwit',
  DB_PASSWD: NASTY,
  DB_NAME: 'minitwit',
  SESSION_SECRET: `${CANARY}-and-thirty-two-characters`,
  // These tests have no load balancer.
  DRAIN_DELAY_S: '0',
};

/** How `vi.waitFor` waits for an instance. */
export const WAIT = { timeout: HANG_MS, interval: 100 };

/** Creates an instance that has booted and runs the server with `SETTINGS`. `defer` destroys it. */
export async function createServerInstance(defer: Defer): Promise<Instance> {
  const instance = await createInstance(defer);
  await installServer(instance);
  await instance.boot();
  await start(instance, SETTINGS);
  return instance;
}

/** Installs the server with userdata/image.sh on an instance that is off. */
export async function installServer(instance: Instance): Promise<void> {
  await instance.copyCheckout();
  const { status, output } = await instance.runImageScript();
  expect(output).toContain('/opt/minitwit is ready');
  expect(status).toBe(0);
}

/** Runs userdata/minitwit.sh with these settings, which starts the server, and returns its output. */
export async function start(instance: Instance, settings: Record<string, string>): Promise<string> {
  const { status, output } = await instance.runUserData(await fillIn(settings));
  expect(output).toContain('MiniTwit is up');
  expect(status).toBe(0);
  return output;
}

/** Waits until the server responds. */
export async function expectUp(instance: Instance, port = 5000): Promise<void> {
  const healthz = `http://127.0.0.1:${port}/healthz`;
  await vi.waitFor(
    async () => expect(await instance.run(`curl -fsS ${healthz}`)).toMatchObject({ status: 0 }),
    WAIT,
  );
}

/** Returns a property of a systemd unit, by default of the server's. */
export async function show(
  instance: Instance,
  property: string,
  unit = 'minitwit.service',
): Promise<string> {
  const { output } = await instance.run(`systemctl show --property ${property} --value ${unit}`);
  return output.trim();
}

/** Returns the process id of the server, or `0`. */
export function mainPid(instance: Instance): Promise<string> {
  return show(instance, 'MainPID');
}

/** Returns a file in `/proc` about the server's process. */
export async function readServer(instance: Instance, file: string): Promise<string> {
  const { output } = await instance.run(`cat /proc/${await mainPid(instance)}/${file}`);
  return output;
}

/** Returns the environment of the server's process. */
export async function readSettings(instance: Instance): Promise<Record<string, string>> {
  const variables = (await readServer(instance, 'environ')).split('\0').filter(Boolean);
  return Object.fromEntries(
    variables.map((variable) => {
      const end = variable.indexOf('=');
      return [variable.slice(0, end), variable.slice(end + 1)];
    }),
  );
}

/** Returns the journal of the instance, which contains the start of the server. */
export async function journal(instance: Instance): Promise<string> {
  const { output } = await instance.run('journalctl --no-pager');
  expect(output).toContain('Started minitwit.service');
  return output;
}

/** Returns the path, size, mode, owner and modification time of each file in these folders of the instance. */
export async function listFiles({ root }: Instance, ...folders: string[]): Promise<string> {
  const { stdout } = await run('find', [...folders, '-type', 'f', '-printf', '%p %s %m %u %T@\n'], {
    cwd: root,
    maxBuffer: 1 << 26,
  });
  return stdout.split('\n').toSorted().join('\n');
}

/** Returns the files in these folders that contain the canary. The instance must be on. */
export async function findCanaryRunning(instance: Instance, ...folders: string[]): Promise<string> {
  const { output } = await instance.run(`cd / && grep -rlsF ${CANARY} ${folders.join(' ')}`);
  return output;
}
