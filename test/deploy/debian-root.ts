import { findOrCreate, hashRecipe } from '../support/cache.ts';
import { createDebianRoot } from '../support/debian.ts';

const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'curl',
  'ca-certificates',
  'iproute2',
  'libstdc++6',
  // Amazon Linux also resolves names with it.
  'systemd-resolved',
  'libnss-resolve',
  // The warehouse's instances have these.
  'openssh-server',
  'sudo',
  'mariadb-server',
  'e2fsprogs',
];

// This release and Amazon Linux 2023 have the same systemd: 252.
const RELEASE = 'bookworm';
const SERVERS = ['ssh.service', 'ssh.socket', 'mariadb.service', 'mariadb.socket'];
const OPTIONS = [
  '--variant=minbase',
  `--include=${PACKAGES.join(',')}`,
  '--dpkgopt=path-exclude=/usr/share/doc/*',
  '--dpkgopt=path-exclude=/usr/share/man/*',
  '--dpkgopt=path-exclude=/usr/share/locale/*',
  // Each kind of machine enables its own services.
  `--customize-hook=chroot "$1" systemctl --quiet disable ${SERVERS.join(' ')}`,
  // On Amazon Linux, this user may read all logs.
  '--customize-hook=chroot "$1" useradd --create-home --shell /bin/bash --groups adm,systemd-journal ec2-user',
];

/**
 * Returns the folder of a Debian with systemd and an `ec2-user`. If the folder is missing, it is created within a
 * minute. All clones on this machine share the folder: mount it as a layer, and never change it.
 */
export function findDebianRoot(): Promise<string> {
  return findOrCreate(`debian-root-${hashRecipe([RELEASE, ...OPTIONS])}`, async (path) => {
    console.error(
      'Creating the Debian for the tests of userdata/. This takes a minute, and is cached.',
    );
    await createDebianRoot(RELEASE, OPTIONS, path);
  });
}
