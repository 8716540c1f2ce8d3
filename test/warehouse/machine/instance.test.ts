import { execFile } from 'node:child_process';
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import mysql from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Waiting } from '../../../src/aws/wait.ts';
import { MYSQL_SOCKET } from '../../../src/warehouse/instance/commands.ts';
import { startMysql, stopMysql } from '../../../src/warehouse/instance/mysql.ts';
import { mountVolume, unmountVolume } from '../../../src/warehouse/instance/volume.ts';
import { fillIn, READY } from '../../../src/warehouse/provision/user-data.ts';
import { parseHostKeys } from '../../../src/warehouse/ssh/host-keys.ts';
import { connectOverSsh, type Remote } from '../../../src/warehouse/ssh/ssh.ts';
import { createInstance, type Instance } from './instance.ts';
import type { Layers } from './layers.ts';
import { createVolume, type Volume } from './volume.ts';

const run = promisify(execFile);

const MOUNT_DIR = '/mysql-db';
// nasty, and what a search finds wherever it was left
const CANARY = 'canary-4f1d9c';
const ACCOUNT = {
  user: 'analyst',
  password: `"two" 'one' \\ \\\\ \\n $HOME \`id\` ; -- # é ${CANARY}'`,
  name: 'minitwit',
};

let builder: Instance;
let image: Layers;
let instance: Instance;
let volume: Volume;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-instance-'));
  volume = await createVolume();
  builder = await createInstance({ userData: await userData() });
  await builder.start();
  await builder.attach(volume, 'xvdf');
  await builder.booted();
  await builder.powerOff();
  image = await builder.saveImage(join(folder, 'image'));
  instance = await launch();
});
afterAll(async () => {
  for (const each of [builder, instance, volume]) await each?.destroy();
  await rm(folder, { recursive: true });
});

const userData = () => fillIn({ VOLUME_ID: 'vol-0123456789abcdef0' });

async function launch(): Promise<Instance> {
  const launched = await createInstance({ image });
  await launched.boot();
  await launched.useForSsh();
  return launched;
}

const seen: string[] = [];
const waiting: Waiting = {
  maxMs: 30_000,
  signal: new AbortController().signal,
  onLook: (state) => void seen.push(state),
};

const connect = (to = instance) =>
  connectOverSsh(to.login, {
    hostKeys: parseHostKeys(to.console()),
    folder,
    mysqlSocket: MYSQL_SOCKET,
    signal: waiting.signal,
  });

/** What a MySQL client of ours is answered through the tunnel. */
async function query(
  remote: Remote,
  sql: string,
  { user, password, name } = ACCOUNT,
): Promise<unknown> {
  const at = { host: '127.0.0.1', port: remote.mysqlPort };
  const connection = await mysql.createConnection({ ...at, user, password, database: name });
  try {
    const [rows] = await connection.query(sql);
    return rows;
  } finally {
    await connection.end();
  }
}

describe('userdata/warehouse.sh', () => {
  test('makes an image of a plain Amazon Linux, and says so last', async () => {
    expect(await readFile(join(builder.root, 'srv/user-data.log'), 'utf8')).toMatch(
      /Trying MariaDB/,
    );
    expect(builder.console()).toContain(READY);
    const { stdout } = await run('blkid', ['-c', '/dev/null', '-o', 'export', volume.file]);
    expect(stdout).toMatch(/^LABEL=mysqlvol$/m);
    expect(stdout).toMatch(/^TYPE=ext4$/m);
  });

  test('leaves nothing personal', async () => {
    expect(await readFile(join(builder.root, 'etc/machine-id'), 'utf8')).toBe('');
    for (const path of ['root/.ssh', 'home/ec2-user/.ssh', 'var/lib/cloud/instance/'])
      await expect(access(join(builder.root, path)), path).rejects.toThrow('ENOENT');
    const keys = (await readdir(join(builder.root, 'etc/ssh'))).filter((name) => /_key/.test(name));
    expect(keys).toEqual([]);
  });

  test('says on the console why there is no image', async () => {
    await instance.run('mv /etc/os-release /etc/os-release.away');
    await writeFile(join(instance.root, 'srv/again'), await userData(), { mode: 0o700 });
    const { status } = await instance.run('bash /srv/again');
    await instance.run('mv /etc/os-release.away /etc/os-release');
    expect(status).toBe(1);
    expect(instance.console()).toContain('was not made: this is not Amazon Linux');
  });
});

describe('an instance', () => {
  let remote: Remote;
  beforeAll(async () => {
    remote = await connect();
    await instance.attach(volume);
  });
  afterAll(() => remote.close());

  test('mounts the volume by its label, whatever its device is called', async () => {
    await mountVolume(remote, MOUNT_DIR, waiting);
    // once more: it is there
    await mountVolume(remote, MOUNT_DIR, waiting);
    const { output } = await instance.run(`findmnt -n -o SOURCE,OPTIONS ${MOUNT_DIR}`);
    expect(output).toMatch(/^\/dev\/nvme1n1 rw,nosuid,nodev,noatime/);
  });

  test('starts MySQL, which answers through the tunnel and on no port', async () => {
    await startMysql(remote, ACCOUNT, waiting);
    await query(remote, 'create table kept (word varchar(20)) default charset utf8mb4');
    await query(remote, "insert into kept values ('🐦')");
    expect(await query(remote, 'select word from kept')).toEqual([{ word: '🐦' }]);

    const { output } = await instance.run('ss --no-header --listening --tcp --udp --numeric');
    const ports = Array.from(output.matchAll(/:(\d+) /g), ([, port]) => port);
    expect(new Set(ports)).toEqual(new Set(['22', '53', '5355']));
  });

  test('gives its user this one database', async () => {
    await expect(query(remote, 'select * from mysql.global_priv')).rejects.toThrow('denied');
    await expect(query(remote, 'create database other')).rejects.toThrow('denied');
    await expect(query(remote, "load data infile '/etc/passwd' into table kept")).rejects.toThrow(
      'denied',
    );
    const stranger = { ...ACCOUNT, password: 'something else' };
    await expect(query(remote, 'select 1', stranger)).rejects.toThrow('Access denied');
  });

  test('gives that user a new password when it is started again', async () => {
    const changed = { ...ACCOUNT, password: 'another-password' };
    await startMysql(remote, changed, waiting);
    expect(await query(remote, 'select 1 as one', changed)).toEqual([{ one: 1 }]);
    await expect(query(remote, 'select 1')).rejects.toThrow('Access denied');
    await startMysql(remote, ACCOUNT, waiting);
  });

  test('shows the password in no list of processes and in no log', async () => {
    // in front of the client: notes all command lines and environments there are, on both sides
    const spy =
      '#!/bin/bash\ncat /proc/[0-9]*/{cmdline,environ} >>/srv/seen\nexec /usr/bin/mariadb "$@"\n';
    await writeFile(join(instance.root, 'usr/local/bin/mariadb'), spy, { mode: 0o755 });
    await startMysql(remote, ACCOUNT, waiting);
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

  test('is not unmounted while MySQL runs, and is afterwards', async () => {
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
    await expect(startMysql(remote, ACCOUNT, waiting)).rejects.toThrow(
      /^The image wants its volume in another folder: WAREHOUSE_MOUNT_DIR must be/,
    );
    expect((await instance.run(`ls -A ${MOUNT_DIR}`)).output).toBe('');
  });

  test('of another image is told from ours', async () => {
    const unit = '/etc/systemd/system/minitwit-warehouse.service';
    await instance.run(`mv ${unit} /srv && systemctl daemon-reload`);
    await expect(startMysql(remote, ACCOUNT, waiting)).rejects.toThrow(
      /^The image holds no MySQL.*WAREHOUSE_IMAGE_ID/,
    );
    await stopMysql(remote);
    await instance.run(`mv /srv/minitwit-warehouse.service ${unit} && systemctl daemon-reload`);
  });

  test('that comes later finds the data on the volume', async () => {
    const later = await launch();
    try {
      const laterRemote = await connect(later);
      await later.attach(volume, 'xvdp');
      await mountVolume(laterRemote, MOUNT_DIR, waiting);
      await startMysql(laterRemote, ACCOUNT, waiting);
      expect(await query(laterRemote, 'select word from kept')).toEqual([{ word: '🐦' }]);
      await stopMysql(laterRemote);
      await unmountVolume(laterRemote, MOUNT_DIR);
      await laterRemote.close();
    } finally {
      await later.destroy();
      await instance.useForSsh();
    }
    // the connection that all share was that machine's
    remote = await connect();
  });
});

describe('a volume', () => {
  let remote: Remote;
  let bad: Volume;
  beforeAll(async () => {
    remote = await connect();
  });
  afterAll(() => remote.close());
  afterEach(async () => {
    await unmountVolume(remote, MOUNT_DIR);
    await instance.detach();
    await bad.destroy();
  });

  const debugfs = (command: string) => run('debugfs', ['-w', '-R', command, bad.file]);
  const isMounted = async () => (await instance.run(`findmnt ${MOUNT_DIR}`)).output !== '';
  const mount = () => mountVolume(remote, MOUNT_DIR, { ...waiting, maxMs: 0 });

  test('without a filesystem of that label is told of, with the way to one that has it', async () => {
    bad = await createVolume({ label: 'another', sizeMb: 64 });
    await instance.attach(bad);
    await expect(mount()).rejects.toThrow(/mysqlvol .*provision/);
  });

  test('that is damaged is not mounted', async () => {
    bad = await createVolume({ label: 'mysqlvol' });
    // marked as clean all the same
    await debugfs('clri <2>');
    await instance.attach(bad);
    await expect(mount()).rejects.toThrow(
      /^The filesystem of the volume is damaged.*UNEXPECTED INCONSISTENCY/s,
    );
    expect(await isMounted()).toBe(false);
  });

  test('whose damage has one remedy is repaired and mounted', async () => {
    bad = await createVolume({ label: 'mysqlvol' });
    await debugfs('set_super_value free_inodes_count 1');
    await instance.attach(bad);
    await mount();
    expect(await isMounted()).toBe(true);
  });

  test('that is full is told of, and is usable once it is larger', async () => {
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

  test('of whose files MySQL can make nothing is told of in its last words', async () => {
    bad = await createVolume({ label: 'mysqlvol' });
    await instance.attach(bad);
    await mount();
    await startMysql(remote, ACCOUNT, waiting);
    await stopMysql(remote);
    await instance.run(`echo nonsense >${MOUNT_DIR}/data/ibdata1`);
    await expect(startMysql(remote, ACCOUNT, waiting)).rejects.toThrow(
      /^MySQL did not start.*ibdata1/s,
    );
    await stopMysql(remote);
  });
});

// last: it deletes what lets us in
describe('userdata/warehouse.sh, run again', () => {
  test('leaves a volume alone that holds something', async () => {
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
