import { findOrMake } from '../support/cache.ts';
import { makeDebian } from '../support/debian.ts';
import { versionOf } from '../support/tools.ts';

const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'curl',
  'ca-certificates',
  'iproute2',
  'libstdc++6',
  // As on Amazon Linux, it finds addresses.
  'systemd-resolved',
  'libnss-resolve',
  // The warehouse's instances have these.
  'openssh-server',
  'sudo',
  'mariadb-server',
  'e2fsprogs',
];

// Its systemd is the one of Amazon Linux 2023: 252.
const RELEASE = 'bookworm';
const SERVERS = ['ssh.service', 'ssh.socket', 'mariadb.service', 'mariadb.socket'];
const OPTIONS = [
  '--variant=minbase',
  `--include=${PACKAGES.join(',')}`,
  '--dpkgopt=path-exclude=/usr/share/doc/*',
  '--dpkgopt=path-exclude=/usr/share/man/*',
  '--dpkgopt=path-exclude=/usr/share/locale/*',
  // Installed, and not started: each kind of machine enables what it has.
  `--customize-hook=chroot "$1" systemctl --quiet disable ${SERVERS.join(' ')}`,
  // On Amazon Linux, this user may read all logs.
  '--customize-hook=chroot "$1" useradd --create-home --shell /bin/bash --groups adm,systemd-journal ec2-user',
];

/**
 * Returns the folder of a Debian with systemd and an `ec2-user`, which is made in a minute if it is missing. All clones
 * on this machine share it: mount it as a layer, and never change it.
 */
export function findDebianRoot(): Promise<string> {
  return findOrMake(`debian-root-${versionOf([RELEASE, ...OPTIONS])}`, async (path) => {
    console.error('Making the Debian for the tests of userdata/. It takes a minute, this once …');
    await makeDebian(RELEASE, OPTIONS, path);
  });
}
