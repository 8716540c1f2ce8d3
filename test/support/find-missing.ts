import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { CGROUP_MOUNTS } from '../deploy/cgroups.ts';
import { findMountError } from '../deploy/layers.ts';

// The numbers of these capabilities in Linux.
const CAP_SYS_ADMIN = 21n;
const CAP_MKNOD = 27n;

/** Returns the reason why this machine cannot build and run the container image, or null. */
export function findMissingForContainer(): string | null {
  if (!existsSync('/usr/bin/apt-get')) return 'this needs Debian or Ubuntu';
  if (process.getuid?.() !== 0) return 'this needs root: use sudo';
  if (!hasCapability(CAP_SYS_ADMIN))
    return 'root may not mount here, as in a container that is not privileged';
  if (!isMountPoint('/')) return '/ is not a mount point here, as in a chroot';
  const cgroupMounts = CGROUP_MOUNTS.filter((mount) => existsSync(`${mount}/cgroup.procs`));
  if (cgroupMounts.length === 0 || !cgroupMounts.every(canCreateIn))
    return 'control groups cannot be created here';
  return null;
}

/** Returns the reason why this machine cannot boot containers with systemd, or null. */
export function findMissingForMachines(): string | null {
  const missing = findMissingForContainer();
  if (missing) return missing;
  if (!hasCapability(CAP_MKNOD) || !existsSync('/dev/loop-control'))
    return 'there are no loop devices, as in a container that is not privileged';
  const mountError = findMountError();
  if (mountError)
    return `overlay file systems cannot be mounted in ${tmpdir()}, which may be one itself. Set TMPDIR to another folder: ${mountError}`;
  return null;
}

function hasCapability(bit: bigint): boolean {
  const status = readFileSync('/proc/self/status', 'utf8');
  const [, capabilities = '0'] = /^CapEff:\s*(\w+)$/m.exec(status) ?? [];
  return ((BigInt(`0x${capabilities}`) >> bit) & 1n) === 1n;
}

function isMountPoint(folder: string): boolean {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return mounts.some((mount) => mount.split(' ')[4] === folder);
}

function canCreateIn(folder: string): boolean {
  try {
    accessSync(`${folder}/cgroup.procs`, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
