import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { mountVolume, unmountVolume } from '../../../src/warehouse/instance/volume.ts';
import type { SshConnection } from '../../../src/warehouse/ssh/connect-over-ssh.ts';
import { runOrThrow } from '../../support/run-command.ts';
import { useCleanup } from '../../support/cleanup.ts';
import { installTool } from '../../support/system-packages.ts';
import { createInstance, type Instance } from './instance.ts';
import { type Content, createVolume, type Volume } from './volume.ts';
import { connectTo, MOUNT_DIR, WAITING } from './work.ts';

const defer = useCleanup();
let instance: Instance;
let remote: SshConnection;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-volumes-'));
  defer(() => rm(folder, { recursive: true }));
  instance = await createInstance(defer);
  await instance.boot();
  await instance.useForSsh();
  remote = await connectTo(instance, folder);
  defer(() => remote.close());
});

/** Attaches a volume for one test, with a fault. */
async function attachVolume(content: Content, ...debugfs: string[]): Promise<Volume> {
  const volume = await createVolume(onTestFinished, content);
  for (const command of debugfs)
    await runOrThrow(installTool('debugfs', 'e2fsprogs'), '-w', '-R', command, volume.file);
  await instance.attach(volume);
  onTestFinished(async () => {
    await unmountVolume(remote, MOUNT_DIR);
    await instance.detach();
  });
  return volume;
}

const isMounted = async () => (await instance.run(`findmnt ${MOUNT_DIR}`)).output !== '';
const mount = () => mountVolume(remote, MOUNT_DIR, { ...WAITING, timeoutMs: 0 });

test('the error of a volume without a filesystem of the label names the command to create one', async () => {
  await attachVolume({ label: 'another', sizeMb: 64 });
  await expect(mount()).rejects.toThrow(/mysqlvol .*provision/);
});

test('a damaged volume is not mounted', async () => {
  // The filesystem is still marked as clean.
  await attachVolume({ label: 'mysqlvol' }, 'clri <2>');
  await expect(mount()).rejects.toThrow(
    /^The filesystem of the volume is damaged.*UNEXPECTED INCONSISTENCY/s,
  );
  expect(await isMounted()).toBe(false);
});

test('a volume with an unambiguous repair is repaired and mounted', async () => {
  await attachVolume({ label: 'mysqlvol' }, 'set_super_value free_inodes_count 1');
  await mount();
  expect(await isMounted()).toBe(true);
});

test('a full volume is reported, and usable after its size is increased', async () => {
  const volume = await attachVolume({ label: 'mysqlvol', sizeMb: 200 });
  await expect(mount()).rejects.toThrow(/^The volume is full: of \d+ MB, \d+ MB are free/);
  await unmountVolume(remote, MOUNT_DIR);
  await volume.grow(1024);
  await mount();
  const { output } = await instance.run(
    `df --block-size=1M --output=size ${MOUNT_DIR} | tail -n 1`,
  );
  expect(Number(output)).toBeGreaterThan(900);
});
