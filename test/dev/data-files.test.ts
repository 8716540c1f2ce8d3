import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { withDataFiles } from '../../src/dev/data-files.ts';
import { expectCleanStop, useCheckout } from '../support/checkout.ts';
import { startCommand } from '../support/programs.ts';

const checkout = useCheckout();

beforeAll(async () => expectCleanStop(await checkout.startAndWait()));

/** Functions that block the path of a file or folder of `npm run local`. */
const obstacles = {
  // Not even root may create files there.
  'a folder without write access': (path: string) => symlink('/proc/sys/kernel', path),
  'a file': (path: string) => writeFile(path, ''),
  'a folder': (path: string) => mkdir(path),
};

// The error of a file that can be opened but not read has no path. The message names the folder then.
test.each<[path: string, obstacle: keyof typeof obstacles, named: string]>([
  ['.data', 'a folder without write access', '.data/local.sock'],
  ['.data', 'a file', '.data'],
  ['.data/local.sock', 'a folder', '.data/local.sock'],
  ['.data/mariadb', 'a file', '.data/mariadb/tmp'],
  ['.data/mariadb/tmp', 'a file', '.data/mariadb/tmp'],
  ['.data/mariadb/init.sql', 'a folder', '.data/mariadb/init.sql'],
  ['.data/mariadb/mariadb.log', 'a folder', '.data/mariadb/mariadb.log'],
  ['.data/local.env', 'a folder', '.data/local.env'],
  ['.data/session-secret', 'a folder', '.data'],
])('if %s is %s, the one line of the message names %s', async (name, obstacle, named) => {
  const path = join(checkout.home, name);
  const exists = await rename(path, `${path}.old`).then(
    () => true,
    () => false,
  );
  await obstacles[obstacle](path);
  try {
    const local = checkout.start();
    expect(await local.ended).toBe(1);
    expect(local.output.stderr).toMatch(
      /^Cannot read or write .* MiniTwit stores its data in .*\n$/,
    );
    expect(local.output.stderr).toContain(`${join(checkout.home, named)}: `);
    expect(local.output.stdout).toBe('');
  } finally {
    await rm(path, { recursive: true });
    if (exists) await rename(`${path}.old`, path);
  }
});

test('names a data folder that cannot be created, with the reason, which mkdir does not report', async () => {
  const data = '/proc/sys/kernel/.data';
  const create = mkdir(data);
  await expect(create).rejects.toThrow(/no such file/);
  await expect(withDataFiles(data, () => create)).rejects.toThrow(
    /^Cannot read or write \/proc\/sys\/kernel\/\.data: permission denied\./,
  );
});

test.each([
  ['ENOSPC', -28, 'no space left on device', 'Free disk space'],
  ['EDQUOT', -122, 'disk quota exceeded', 'Free disk space'],
  ['EROFS', -30, 'read-only file system', 'Make its file system writable'],
])('the message for %s has the reason and an advice', async (code, errno, reason, advice) => {
  const path = '/home/someone/.data/local.env';
  const failed = Promise.reject(Object.assign(new Error(code), { code, errno, path }));
  await expect(withDataFiles('/home/someone/.data', () => failed)).rejects.toThrow(
    `Cannot read or write ${path}: ${reason}. MiniTwit stores its data in /home/someone/.data. ${advice}, or `,
  );
});

test('setup ends with one line before packages are installed if the checkout is not writable', async () => {
  const home = await mkdtemp(join(tmpdir(), 'minitwit setup '));
  await writeFile(join(home, 'package-lock.json'), '{}');
  await symlink('/proc/sys/kernel', join(home, 'node_modules'));
  const setup = startCommand(['sh', resolve('src/dev/setup.sh')], {}, { cwd: home });
  expect(await setup.ended).toBe(1);
  expect(setup.output).toEqual({
    stdout: '',
    stderr: `Cannot install the npm packages: you may not write to ${home}/node_modules. Use a checkout of your own.\n`,
  });
  await rm(home, { recursive: true });
});
