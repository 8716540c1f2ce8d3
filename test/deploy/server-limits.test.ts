import { readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { beforeAll, expect, test } from 'vitest';
import { useCleanup } from '../support/cleanup.ts';
import type { Outcome } from '../support/run-command.ts';
import { HANG_MS } from '../support/timeouts.ts';
import type { Instance } from './instance.ts';
import { createServerInstance, readSettings, SETTINGS, show, start } from './server-instance.ts';

const defer = useCleanup();
let instance: Instance;

beforeAll(async () => {
  instance = await createServerInstance(defer);
});

test.each([
  ['minitwit.service', 1.2],
  ['minitwit-secrets.service', 1.6],
])('the sandbox of %s has a low exposure level', async (unit, allowed) => {
  const { output } = await instance.run(`systemd-analyze security ${unit} --no-pager`);
  const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(output) ?? [];
  expect(Number(exposure), output).toBeLessThanOrEqual(allowed);
});

test('the sandbox allows a lower priority for threads that hash passwords', async () => {
  await start(instance, SETTINGS);
  const listNiceness = async () =>
    (await instance.run('ps -u ec2-user -L -o ni=')).output.trim().split(/\s+/);
  // The server can be ready before its thread.
  await expect.poll(listNiceness, { timeout: HANG_MS }).toContain('10');
});

test('the server cannot reach the metadata service, but other programs can', async () => {
  await start(instance, SETTINGS);
  expect((await show(instance, 'IPAddressDeny')).split(' ').toSorted()).toEqual([
    '169.254.169.254/32',
    'fd00:ec2::254/128',
  ]);
  const metadata = 'curl -sS -m 5 -o /dev/null -w "%{http_code}" http://169.254.169.254/';
  expect(await instance.run(metadata)).toEqual({ status: 0, output: '401' });
  // Status 28 is a timeout of curl.
  expect(await asServer(metadata)).toMatchObject({ status: 28 });
  expect(await asServer(connectTo('169.254.169.252', 3306))).toMatchObject({ status: 0 });
  expect(await asServer(connectTo('203.0.113.9', 443))).toMatchObject({ status: 0 });
});

test('the server of a stack can reach private addresses only', async () => {
  const template = await readFile('cloud/minitwit.yaml', 'utf8');
  const [, networks = ''] = /^ +export SERVER_NETWORKS='(.+)'$/m.exec(template) ?? [];
  expect(networks).toContain('10.0.0.0/8');
  // The stack sets the settings before the script.
  const script = await readFile('userdata/minitwit.sh', 'utf8');
  const lines = Object.entries({ ...SETTINGS, SERVER_NETWORKS: networks }).map(
    ([name, value]) => `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'\n`,
  );
  const { status, output } = await instance.runUserData(`#!/bin/bash\n${lines.join('')}${script}`);
  expect(output).toContain('MiniTwit is up');
  expect(status).toBe(0);
  const { DRAIN_DELAY_S: _, ...required } = SETTINGS;
  expect(await readSettings(instance)).toMatchObject(required);
  expect(await instance.run(connectTo('203.0.113.9', 443))).toMatchObject({ status: 0 });
  // Status 124 is a timeout.
  expect(await asServer(connectTo('203.0.113.9', 443))).toMatchObject({ status: 124 });
  expect(await asServer(connectTo('169.254.169.254', 80))).toMatchObject({ status: 124 });
  expect(await asServer(connectTo('10.0.0.6', 443))).toMatchObject({ status: 0 });
  expect(await asServer(connectTo('127.0.0.1', 5000))).toMatchObject({ status: 0 });
});

test('the memory and the processes of the server are limited', async () => {
  await start(instance, { ...SETTINGS, WEB_CONCURRENCY: '02' });
  const memory = Number(await show(instance, 'MemoryMax')) / totalmem();
  expect(memory).toBeGreaterThan(0.7);
  expect(memory).toBeLessThan(0.8);
  expect(await show(instance, 'TasksMax')).toBe(String(3 * 64 + availableParallelism()));
  expect(await show(instance, 'OOMPolicy')).toBe('continue');
});

/** Runs a command in the control group of the server, so that the server's IP filter applies to the command. */
async function asServer(command: string): Promise<Outcome> {
  const group = `/sys/fs/cgroup${await show(instance, 'ControlGroup')}/cgroup.procs`;
  return instance.run(`echo $$ >${group} && ${command}`);
}

/** Returns a command that connects, and fails with status 124 after five seconds. */
function connectTo(address: string, port: number): string {
  return `timeout 5 bash -c ': </dev/tcp/${address}/${port}'`;
}
