import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { mountVolume, unmountVolume } from '../../../src/warehouse/instance/volume.ts';
import type { Remote } from '../../../src/warehouse/ssh/ssh.ts';
import { createInstance, type Instance } from './instance.ts';
import { createVolume, type Volume } from './volume.ts';
import { connectTo, MOUNT_DIR, WAITING } from './work.ts';

const run = promisify(execFile);

let folder: string;
let instance: Instance;
let remote: Remote;
let bad: Volume;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-volumes-'));
  instance = await createInstance();
  await instance.boot();
  await instance.useForSsh();
  remote = await connectTo(instance, folder);
});
afterEach(async () => {
  await unmountVolume(remote, MOUNT_DIR);
  await instance.detach();
  await bad.destroy();
});
afterAll(async () => {
  await remote.close();
  await instance.destroy();
  await rm(folder, { recursive: true });
});

const debugfs = (command: string) => run('debugfs', ['-w', '-R', command, bad.file]);
const isMounted = async () => (await instance.run(`findmnt ${MOUNT_DIR}`)).output !== '';
const mount = () => mountVolume(remote, MOUNT_DIR, { ...WAITING, maxMs: 0 });

test('a volume without a filesystem of that label is told of, with the way to one that has it', async () => {
  bad = await createVolume({ label: 'another', sizeMb: 64 });
  await instance.attach(bad);
  await expect(mount()).rejects.toThrow(/mysqlvol .*provision/);
});

test('a volume that is damaged is not mounted', async () => {
  bad = await createVolume({ label: 'mysqlvol' });
  // marked as clean all the same
  await debugfs('clri <2>');
  await instance.attach(bad);
  await expect(mount()).rejects.toThrow(
    /^The filesystem of the volume is damaged.*UNEXPECTED INCONSISTENCY/s,
  );
  expect(await isMounted()).toBe(false);
});

test('a volume whose damage has one remedy is repaired and mounted', async () => {
  bad = await createVolume({ label: 'mysqlvol' });
  await debugfs('set_super_value free_inodes_count 1');
  await instance.attach(bad);
  await mount();
  expect(await isMounted()).toBe(true);
});

test('a volume that is full is told of, and is usable once it is larger', async () => {
  bad = await createVolume({ label: 'mysqlvol', sizeMb: 200 });
  await instance.attach(bad);
  await expect(mount()).rejects.toThrow(/^The volume is full: of \d+ MB, \d+ MB are free/);
  await unmountVolume(remote, MOUNT_DIR);
  await bad.grow(1024);
  await mount();
  const { output } = await instance.run(
    `df --block-size=1M --output=size ${MOUNT_DIR} | tail -n 1`,
  );
  expect(Number(output)).toBeGreaterThan(900);
});
