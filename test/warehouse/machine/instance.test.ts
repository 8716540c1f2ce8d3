import { execFile } from 'node:child_process';
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { renderScript } from '../../../src/aws/render-script.ts';
import { startMysql, stopMysql } from '../../../src/warehouse/instance/mysql.ts';
import { mountVolume, unmountVolume } from '../../../src/warehouse/instance/volume.ts';
import { READY } from '../../../src/warehouse/provision/outcome.ts';
import type { SshConnection } from '../../../src/warehouse/ssh/connect-over-ssh.ts';
import { useCleanup } from '../../support/cleanup.ts';
import { skipAfterFailure } from '../../support/skip-after-failure.ts';
import { HANG_MS } from '../../support/timeouts.ts';
import { buildImage } from './image.ts';
import { createInstance, type Instance } from './instance.ts';
import { createVolume, type Volume } from './volume.ts';
import { connectTo, MOUNT_DIR, query, WAITING } from './work.ts';

const run = promisify(execFile);
const WAIT = { timeout: HANG_MS };
const VOLUME_ID = 'vol-0123456789abcdef0';
// The password has special characters, and a search can find it in any file.
const CANARY = 'canary-4f1d9c';
const ACCOUNT = {
  user: 'analyst',
  password: `"two" 'one' \\ \\\\ \\n $HOME \`id\` ; -- # é ${CANARY}'`,
  name: 'minitwit',
};

const defer = useCleanup();
let builder: Instance;
let instance: Instance;
let volume: Volume;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-instance-'));
  defer(() => rm(folder, { recursive: true }));
  volume = await createVolume(defer);
  const build = { volumeId: VOLUME_ID, volume, folder: join(folder, 'image') };
  const built = await buildImage(defer, build);
  builder = built.builder;
  instance = await createInstance(defer, { image: built.image });
  await instance.boot();
  await instance.useForSsh();
});

const userData = () => renderScript('warehouse.sh', { VOLUME_ID });
const queryAs = (remote: SshConnection, sql: string, account = ACCOUNT) =>
  query(remote, sql, account);

describe('userdata/warehouse.sh', () => {
  test('creates an image from a plain Amazon Linux, and prints this last', async () => {
    const log = await readFile(join(builder.root, 'srv/user-data.log'), 'utf8');
    expect(log).toMatch(/Testing MariaDB/);
    expect(builder.console()).toContain(READY);
    const { stdout } = await run('blkid', ['-c', '/dev/null', '-o', 'export', volume.file]);
    expect(stdout).toMatch(/^LABEL=mysqlvol$/m);
    expect(stdout).toMatch(/^TYPE=ext4$/m);
  });

  test('leaves no personal files in the image', async () => {
    expect(await readFile(join(builder.root, 'etc/machine-id'), 'utf8')).toBe('');
    for (const path of ['root/.ssh', 'home/ec2-user/.ssh', 'var/lib/cloud/instance/'])
      await expect(access(join(builder.root, path)), path).rejects.toThrow('ENOENT');
    const keys = (await readdir(join(builder.root, 'etc/ssh'))).filter((name) => /_key/.test(name));
    expect(keys).toEqual([]);
  });

  test('prints the reason of a failure on the console', async () => {
    await instance.run('mv /etc/os-release /etc/os-release.away');
    await writeFile(join(instance.root, 'srv/again'), await userData(), { mode: 0o700 });
    const { status } = await instance.run('bash /srv/again');
    await instance.run('mv /etc/os-release.away /etc/os-release');
    expect(status).toBe(1);
    const reason = 'was not created: this is not Amazon Linux';
    await vi.waitFor(() => expect(instance.console()).toContain(reason), WAIT);
  });
});

describe('an instance', () => {
  skipAfterFailure();
  const afterThese = useCleanup();
  let remote: SshConnection;
  beforeAll(async () => {
    remote = await connectTo(instance, folder);
    afterThese(() => remote.close());
    await instance.attach(volume);
  });

  test('mounts the volume by its label, whatever its device is called', async () => {
    await mountVolume(remote, MOUNT_DIR, WAITING);
    // A second mount succeeds, too.
    await mountVolume(remote, MOUNT_DIR, WAITING);
    const { output } = await instance.run(`findmnt -n -o SOURCE,OPTIONS ${MOUNT_DIR}`);
    expect(output).toMatch(/^\/dev\/nvme1n1 rw,nosuid,nodev,noatime/);
  });

  test('starts MySQL, which answers through the tunnel and on no port', async () => {
    await startMysql(remote, ACCOUNT, WAITING);
    await queryAs(remote, 'create table retained (word varchar(20)) default charset utf8mb4');
    await queryAs(remote, "insert into retained values ('🐦')");
    expect(await queryAs(remote, 'select word from retained')).toEqual([{ word: '🐦' }]);

    const { output } = await instance.run('ss --no-header --listening --tcp --udp --numeric');
    const ports = Array.from(output.matchAll(/:(\d+) /g), ([, port]) => port);
    expect(new Set(ports)).toEqual(new Set(['22', '53', '5355']));
  });

  test('gives its user this one database', async () => {
    await expect(queryAs(remote, 'select * from mysql.global_priv')).rejects.toThrow('denied');
    await expect(queryAs(remote, 'create database other')).rejects.toThrow('denied');
    await expect(
      queryAs(remote, "load data infile '/etc/passwd' into table retained"),
    ).rejects.toThrow('denied');
    const wrongPassword = { ...ACCOUNT, password: 'something else' };
    await expect(queryAs(remote, 'select 1', wrongPassword)).rejects.toThrow('Access denied');
  });

  test('sets a new password of that user at the next start', async () => {
    const changed = { ...ACCOUNT, password: 'another-password' };
    await startMysql(remote, changed, WAITING);
    expect(await queryAs(remote, 'select 1 as one', changed)).toEqual([{ one: 1 }]);
    await expect(queryAs(remote, 'select 1')).rejects.toThrow('Access denied');
    await startMysql(remote, ACCOUNT, WAITING);
  });

  test('the password is in no process list and no log', async () => {
    // This wrapper of the client records all command lines and environments on both machines.
    const spy =
      '#!/bin/bash\ncat /proc/[0-9]*/{cmdline,environ} >>/srv/seen\nexec /usr/bin/mariadb "$@"\n';
    await writeFile(join(instance.root, 'usr/local/bin/mariadb'), spy, { mode: 0o755 });
    await startMysql(remote, ACCOUNT, WAITING);
    const seenThere = await readFile(join(instance.root, 'srv/seen'), 'latin1');
    expect(seenThere).toContain('--binary-mode');
    expect(seenThere).not.toContain(CANARY);
    expect(await instance.sshCalls()).toContain('--binary-mode');
    expect(await instance.sshCalls()).not.toContain(CANARY);
    const { output } = await instance.run(
      `journalctl --no-pager | grep -F -e ${CANARY} -e COMMAND=`,
    );
    expect(output).toContain('--binary-mode');
    expect(output).not.toContain(CANARY);
    expect((await instance.run(`grep -rlF ${CANARY} /var/log /tmp /etc /run`)).output).toBe('');
  });

  test('unmounts the volume only after MySQL has stopped', async () => {
    await expect(unmountVolume(remote, MOUNT_DIR)).rejects.toThrow(
      /umount failed on the instance: .*busy/,
    );
    await stopMysql(remote);
    await stopMysql(remote);
    await unmountVolume(remote, MOUNT_DIR);
    await unmountVolume(remote, MOUNT_DIR);
    expect((await instance.run(`ls -A ${MOUNT_DIR}`)).output).toBe('');
    await instance.detach();
  });

  test('starts no MySQL without the volume, and writes nothing in its place', async () => {
    await expect(startMysql(remote, ACCOUNT, WAITING)).rejects.toThrow(
      /^The image mounts its volume in another folder\. Set WAREHOUSE_MOUNT_DIR/,
    );
    expect((await instance.run(`ls -A ${MOUNT_DIR}`)).output).toBe('');
  });

  test('an instance of another image is refused', async () => {
    const unit = '/etc/systemd/system/minitwit-warehouse.service';
    await instance.run(`mv ${unit} /srv && systemctl daemon-reload`);
    await expect(startMysql(remote, ACCOUNT, WAITING)).rejects.toThrow(
      /^The image contains no MySQL.*WAREHOUSE_IMAGE_ID/,
    );
    await stopMysql(remote);
    await instance.run(`mv /srv/minitwit-warehouse.service ${unit} && systemctl daemon-reload`);
  });

  test("prints the end of MySQL's log when MySQL cannot read the files on a volume", async () => {
    const bad = await createVolume(onTestFinished, { label: 'mysqlvol' });
    await instance.attach(bad);
    await mountVolume(remote, MOUNT_DIR, WAITING);
    await startMysql(remote, ACCOUNT, WAITING);
    await stopMysql(remote);
    await instance.run(`echo nonsense >${MOUNT_DIR}/data/ibdata1`);
    await expect(startMysql(remote, ACCOUNT, WAITING)).rejects.toThrow(
      /^MySQL did not start.*ibdata1/s,
    );
    await stopMysql(remote);
    await unmountVolume(remote, MOUNT_DIR);
    await instance.detach();
  });
});

// This runs last, because it deletes the key of the tests.
describe('userdata/warehouse.sh, run again', () => {
  test('does not change a volume that has data', async () => {
    const before = await run('blkid', ['-c', '/dev/null', '-o', 'export', volume.file]);
    await instance.attach(volume, 'sdf');
    await writeFile(join(instance.root, 'srv/again'), await userData(), { mode: 0o700 });
    const { status, output } = await instance.run('bash /srv/again');
    await instance.detach('sdf');
    expect(output).toContain(READY);
    expect(status).toBe(0);
    expect(await run('blkid', ['-c', '/dev/null', '-o', 'export', volume.file])).toEqual(before);
  });
});
