import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { findOrUnpack, findProgram } from '../../src/dev/programs.ts';
import { startCommand } from '../support/programs.ts';

const SCRIPT = resolve('src/dev/unpack-package.sh');

let folder: string;

// Paths with a space, as a user's home may have.
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit unpack-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Puts a program before those of the system. */
async function putProgram(name: string, script: string): Promise<void> {
  await mkdir(join(folder, 'bin'), { recursive: true });
  await writeFile(join(folder, 'bin', name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
}

/** Builds the package `greeter`, whose program prints its arguments and where its libraries are. */
async function buildPackage(): Promise<void> {
  const root = join(folder, 'greeter');
  await mkdir(join(root, 'DEBIAN'), { recursive: true });
  await mkdir(join(root, 'usr/bin'), { recursive: true });
  await mkdir(join(root, 'usr/lib/greeter-libs'), { recursive: true });
  await writeFile(
    join(root, 'DEBIAN/control'),
    'Package: greeter\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: x\n',
  );
  await writeFile(join(root, 'usr/lib/greeter-libs/libgreeter.so.1'), '');
  const program = join(root, 'usr/bin/greet');
  await writeFile(program, '#!/bin/sh\necho "$*|$LD_LIBRARY_PATH"\n');
  await chmod(program, 0o755);
  const { ended } = startCommand(['dpkg-deb', '--build', root, join(folder, 'greeter.deb')]);
  expect(await ended).toBe(0);
}

/** Puts a stand-in for apt-get that logs its calls, fails this many times, and then succeeds. */
async function putAptGet(failures: number): Promise<void> {
  await putProgram(
    'apt-get',
    `cd '${folder}'
    echo "\${*: -1}" >> calls
    [ "$(wc -l < calls)" -gt ${failures} ] || { echo 'the mirror is being updated' >&2; exit 100; }
    archives=$(sed -n 's/^Dir::Cache "\\(.*\\)";/\\1/p' "$(dirname "$APT_CONFIG")/main.conf")/archives
    [ "\${*: -1}" = update ] || cp greeter.deb "$archives"`,
  );
}

function unpack() {
  const environment = { XDG_CACHE_HOME: folder, PATH: `${folder}/bin:${process.env.PATH}` };
  return startCommand(['bash', SCRIPT, 'greeter'], environment);
}

// Only these systems have the packages.
describe.runIf(findProgram('dpkg-deb'))('a Debian package', () => {
  test('is unpacked once for all who ask at the same time, though the mirror fails once', async () => {
    await buildPackage();
    await putAptGet(1);
    const processes = [unpack(), unpack(), unpack()];
    expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0, 0]);
    const [place, ...others] = processes.map(({ output }) => output.stdout.trim());
    expect(others).toEqual([place, place]);
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('update\nupdate\ngreeter\n');

    const greet = startCommand([join(place ?? '', 'programs/greet'), 'two words']);
    expect(await greet.ended).toBe(0);
    expect(greet.output.stdout).toBe(`two words|${place}/usr/lib/greeter-libs\n`);
  });

  test('that cannot be downloaded leaves no folder, and apt-get says why', async () => {
    await putAptGet(99);
    const { ended, output } = unpack();
    expect(await ended).not.toBe(0);
    expect(output.stderr).toContain('the mirror is being updated');
    expect(existsSync(output.stdout.trim())).toBe(false);
  });

  test('whose file system executes no program is told from one that lacks the program', async () => {
    await buildPackage();
    await putAptGet(0);
    const { ended, output } = unpack();
    expect(await ended).toBe(0);
    // As it is on a file system that is mounted with noexec, also for root.
    await chmod(join(output.stdout.trim(), 'run'), 0o644);
    vi.stubEnv('XDG_CACHE_HOME', folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const find = (program: string) => findOrUnpack(program, 'greeter', (reason) => reason);
    expect(() => find('greet')).toThrow(/greet cannot be executed: .* noexec; set XDG_CACHE_HOME/);
    expect(() => find('other')).toThrow('the Debian package greeter does not contain it');
  });
});
