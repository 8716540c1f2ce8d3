import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CACHE, findTool, versionOf } from '../support/tools.ts';

const run = promisify(execFile);

const PACKAGES =
  'systemd,systemd-sysv,dbus,curl,ca-certificates,iproute2,libstdc++6,systemd-resolved,libnss-resolve';

// Bookworm has the systemd of Amazon Linux 2023: 252. As there, resolved finds addresses.
const recipe = (packages: string[]) => [
  '--quiet',
  '--variant=minbase',
  `--include=${[PACKAGES, ...packages].join(',')}`,
  '--dpkgopt=path-exclude=/usr/share/doc/*',
  '--dpkgopt=path-exclude=/usr/share/man/*',
  '--dpkgopt=path-exclude=/usr/share/locale/*',
  // as on Amazon Linux, where that user may read all logs
  '--customize-hook=chroot "$1" useradd --create-home --shell /bin/bash --groups adm,systemd-journal ec2-user',
  'bookworm',
];

/**
 * Puts a Debian with systemd and an `ec2-user` into a folder that does not exist yet. It is made in
 * under a minute for the first of them, and copied in a second from then on.
 */
export async function copyDebianRoot(to: string): Promise<void> {
  await run('cp', ['-a', await findDebianRoot(), to]);
}

/**
 * Such a Debian with these packages besides, where it is kept for all who test on this machine: nobody may
 * change it. Made if it is not there.
 */
export async function findDebianRoot(packages: string[] = []): Promise<string> {
  const steps = recipe(packages);
  const root = join(CACHE, `debian-root-${versionOf(steps)}`);
  if (existsSync(root)) return root;

  const mmdebstrap = findTool('mmdebstrap');
  console.error('Making the Debian that userdata/ is tested in: this once, it takes a minute …');
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'making-'));
  try {
    await run(mmdebstrap, [...steps, join(folder, 'root')]);
    // whole or not at all, also when two do this at once
    await rename(join(folder, 'root'), root).catch((error: unknown) => {
      if (!existsSync(root)) throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return root;
}
