import { type PollOptions, poll } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { lastLines, RemoteCommandError } from '../ssh/ssh-errors.ts';
import type { SshConnection } from '../ssh/connect-over-ssh.ts';
import * as commands from './instance-commands.ts';

const FIND_MAX_MS = 60_000;
// a volume may be a terabyte, and its check a matter of minutes
const CHECK_MAX_MS = 30 * 60_000;
const FREE_MIN_BYTES = 256 * 2 ** 20;

/**
 * Mounts the volume that is attached, found by its filesystem's label, after a check of that filesystem. One
 * that is mounted already is fine.
 * @throws OperatorError when there is no such filesystem in time, or more than one; when it is damaged; when it
 *   is full
 */
export async function mountVolume(
  remote: SshConnection,
  mountDir: string,
  waiting: PollOptions,
): Promise<void> {
  const { signal } = waiting;
  const device = await findDevice(remote, waiting);
  const mounted = await stdoutDespiteStatus(
    remote.run(commands.findMounted(mountDir), { signal }),
    1,
  );
  if (mounted.trim() !== device) {
    if (mounted)
      throw new OperatorError(`${mounted.trim()} is mounted at ${mountDir}, not ${device}.`);
    await checkFilesystem(remote, device, signal);
    await remote.run(commands.growFilesystem(device), { signal, timeoutMs: CHECK_MAX_MS });
    await remote.run(commands.asRoot('mkdir', '-p', mountDir), { signal });
    await remote.run(commands.mount(device, mountDir), { signal });
  }
  await checkFreeSpace(remote, mountDir, signal);
}

/**
 * Unmounts the volume, with all that was written on it; one that is not mounted is fine.
 * @throws RemoteError when it is in use
 */
export async function unmountVolume(remote: SshConnection, mountDir: string): Promise<void> {
  await remote.run(commands.waitForVolumeLock(), { timeoutMs: CHECK_MAX_MS });
  const mounted = await stdoutDespiteStatus(remote.run(commands.findMounted(mountDir)), 1);
  if (mounted) await remote.run(commands.asRoot('umount', mountDir), { timeoutMs: CHECK_MAX_MS });
}

/** Returns the commands of `mountVolume` on a volume that is not mounted, in order. `DEVICE` stands for its device. */
export function planMount(mountDir: string): string[][] {
  return [
    commands.findDevices(commands.VOLUME_LABEL),
    commands.findMounted(mountDir),
    commands.checkFilesystem('DEVICE'),
    commands.growFilesystem('DEVICE'),
    commands.asRoot('mkdir', '-p', mountDir),
    commands.mount('DEVICE', mountDir),
    commands.diskUsage(mountDir),
  ];
}

/** Returns the commands of `unmountVolume` on a mounted volume, in order. */
export function planUnmount(mountDir: string): string[][] {
  return [
    commands.waitForVolumeLock(),
    commands.findMounted(mountDir),
    commands.asRoot('umount', mountDir),
  ];
}

async function findDevice(remote: SshConnection, waiting: PollOptions): Promise<string> {
  const { signal } = waiting;
  const timeoutMs = Math.min(waiting.timeoutMs, FIND_MAX_MS);
  return poll(
    'The volume',
    async () => {
      const found = await stdoutDespiteStatus(
        remote.run(commands.findDevices(commands.VOLUME_LABEL), { signal }),
        2,
      );
      const [device, ...others] = found.split('\n').filter(Boolean);
      if (others.length > 0) {
        const label = commands.VOLUME_LABEL;
        throw new OperatorError(`More than one filesystem is called ${label}: ${found.trim()}`);
      }
      return device === undefined ? { pending: NO_FILESYSTEM } : { done: device };
    },
    { ...waiting, timeoutMs },
  );
}

const NO_FILESYSTEM = `without a filesystem labelled ${commands.VOLUME_LABEL} (npm run warehouse -- provision makes a volume that has one)`;

async function checkFilesystem(
  remote: SshConnection,
  device: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    const check = remote.run(commands.checkFilesystem(device), { signal, timeoutMs: CHECK_MAX_MS });
    await stdoutDespiteStatus(check, 1);
  } catch (error) {
    if (!(error instanceof RemoteCommandError)) throw error;
    throw new OperatorError(
      'The filesystem of the volume is damaged, and was not mounted. Restore a snapshot (npm run warehouse -- ' +
        `snapshots lists them), or repair it by hand with e2fsck. It says:\n${lastLines(error.stdout + error.stderr, 5)}`,
      { cause: error },
    );
  }
}

async function checkFreeSpace(
  remote: SshConnection,
  mountDir: string,
  signal: AbortSignal,
): Promise<void> {
  const table = await remote.run(commands.diskUsage(mountDir), { signal });
  const [free = 0, size = 0] = lastLines(table, 1).split(/\s+/).map(Number);
  if (free >= FREE_MIN_BYTES) return;
  const [freeMb, sizeMb, minMb] = [free, size, FREE_MIN_BYTES].map((n) => Math.floor(n / 2 ** 20));
  throw new OperatorError(
    `The volume is full: of ${sizeMb} MB, ${freeMb} MB are free, and MySQL wants ${minMb} MB. Make the volume ` +
      'larger (aws ec2 modify-volume): the next run makes the filesystem fill it.',
  );
}

/** A program's stdout, also when it ended with this status. */
async function stdoutDespiteStatus(run: Promise<string>, status: number): Promise<string> {
  try {
    return await run;
  } catch (error) {
    if (error instanceof RemoteCommandError && error.status === status) return error.stdout;
    throw error;
  }
}
