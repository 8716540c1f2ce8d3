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

/** Creates a program that has precedence over the system's. */
async function createProgram(name: string, script: string): Promise<void> {
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

/** Creates an apt-get that logs its calls. The first `failures` calls fail, the others succeed. */
async function createAptGet(failures: number): Promise<void> {
  await createProgram(
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

// Other systems have no Debian packages.
describe.runIf(findProgram('dpkg-deb'))('a Debian package', () => {
  test('is unpacked once if several processes need it and the mirror fails once', async () => {
    await buildPackage();
    await createAptGet(1);
    const processes = [unpack(), unpack(), unpack()];
    expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0, 0]);
    const [path, ...others] = processes.map(({ output }) => output.stdout.trim());
    expect(others).toEqual([path, path]);
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('update\nupdate\ngreeter\n');

    const greet = startCommand([join(path ?? '', 'programs/greet'), 'two words']);
    expect(await greet.ended).toBe(0);
    expect(greet.output.stdout).toBe(`two words|${path}/usr/lib/greeter-libs\n`);
  });

  test('leaves no folder if the download fails, and prints the error of apt-get', async () => {
    await createAptGet(99);
    const { ended, output } = unpack();
    expect(await ended).not.toBe(0);
    expect(output.stderr).toContain('the mirror is being updated');
    expect(existsSync(output.stdout.trim())).toBe(false);
  });

  test('has different errors for a noexec file system and for a missing program', async () => {
    await buildPackage();
    await createAptGet(0);
    const { ended, output } = unpack();
    expect(await ended).toBe(0);
    // Without this permission, not even root can execute the file, as on a file system with noexec.
    await chmod(join(output.stdout.trim(), 'run'), 0o644);
    vi.stubEnv('XDG_CACHE_HOME', folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const find = (program: string) => findOrUnpack(program, 'greeter', (reason) => reason);
    expect(() => find('greet')).toThrow(/greet cannot be executed: .* noexec\. Set XDG_CACHE_HOME/);
    expect(() => find('other')).toThrow('the Debian package greeter does not contain it');
  });
});
