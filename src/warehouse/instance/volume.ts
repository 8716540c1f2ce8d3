import { type PollOptions, poll } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { lastLines, RemoteCommandError } from '../ssh/ssh-errors.ts';
import type { SshConnection } from '../ssh/connect-over-ssh.ts';
import * as commands from './instance-commands.ts';

const FIND_MAX_MS = 60_000;
// The check of a volume of a terabyte takes minutes.
const CHECK_MAX_MS = 30 * 60_000;
const FREE_MIN_BYTES = 256 * 2 ** 20;

/**
 * Checks and mounts the attached volume, which is found by its filesystem's label. Does nothing when the volume is
 * mounted.
 * @throws OperatorError when no filesystem, or more than one, has the label; when the filesystem is damaged or full
 */
export async function mountVolume(
  connection: SshConnection,
  mountDir: string,
  options: PollOptions,
): Promise<void> {
  const { signal } = options;
  const device = await findDevice(connection, options);
  const mounted = await stdoutDespiteStatus(
    connection.run(commands.findMounted(mountDir), { signal }),
    1,
  );
  if (mounted.trim() !== device) {
    if (mounted)
      throw new OperatorError(`${mounted.trim()} is mounted at ${mountDir}, not ${device}.`);
    await assertFilesystemIntact(connection, device, signal);
    await connection.run(commands.growFilesystem(device), { signal, timeoutMs: CHECK_MAX_MS });
    await connection.run(commands.asRoot('mkdir', '-p', mountDir), { signal });
    await connection.run(commands.mount(device, mountDir), { signal });
  }
  await checkFreeSpace(connection, mountDir, signal);
}

/**
 * Unmounts the volume, and waits until its data is written. Does nothing when the volume is not mounted.
 * @throws RemoteCommandError when the volume is in use
 */
export async function unmountVolume(connection: SshConnection, mountDir: string): Promise<void> {
  await connection.run(commands.waitForVolumeLock(), { timeoutMs: CHECK_MAX_MS });
  const mounted = await stdoutDespiteStatus(connection.run(commands.findMounted(mountDir)), 1);
  if (mounted)
    await connection.run(commands.asRoot('umount', mountDir), { timeoutMs: CHECK_MAX_MS });
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

async function findDevice(connection: SshConnection, options: PollOptions): Promise<string> {
  const { signal } = options;
  const timeoutMs = Math.min(options.timeoutMs, FIND_MAX_MS);
  return poll(
    'The volume',
    async () => {
      const found = await stdoutDespiteStatus(
        connection.run(commands.findDevices(commands.VOLUME_LABEL), { signal }),
        2,
      );
      const [device, ...others] = found.split('\n').filter(Boolean);
      if (others.length > 0) {
        const label = commands.VOLUME_LABEL;
        throw new OperatorError(`More than one filesystem has the label ${label}: ${found.trim()}`);
      }
      return device === undefined ? { pending: NO_FILESYSTEM } : { done: device };
    },
    { ...options, timeoutMs },
  );
}

const NO_FILESYSTEM = `without a filesystem labelled ${commands.VOLUME_LABEL} (npm run warehouse -- provision creates one)`;

async function assertFilesystemIntact(
  connection: SshConnection,
  device: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    const check = connection.run(commands.checkFilesystem(device), {
      signal,
      timeoutMs: CHECK_MAX_MS,
    });
    await stdoutDespiteStatus(check, 1);
  } catch (error) {
    if (!(error instanceof RemoteCommandError)) throw error;
    throw new OperatorError(
      'The filesystem of the volume is damaged, and was not mounted. Restore a snapshot (npm run warehouse -- ' +
        'snapshots lists them), or repair the filesystem with e2fsck. The output of e2fsck:\n' +
        lastLines(error.stdout + error.stderr, 5),
      { cause: error },
    );
  }
}

async function checkFreeSpace(
  connection: SshConnection,
  mountDir: string,
  signal: AbortSignal,
): Promise<void> {
  const table = await connection.run(commands.diskUsage(mountDir), { signal });
  const [free = 0, size = 0] = lastLines(table, 1).split(/\s+/).map(Number);
  if (free >= FREE_MIN_BYTES) return;
  const [freeMb, sizeMb, minMb] = [free, size, FREE_MIN_BYTES].map((n) => Math.floor(n / 2 ** 20));
  throw new OperatorError(
    `The volume is full: of ${sizeMb} MB, ${freeMb} MB are free, and MySQL needs ${minMb} MB. Make the volume ` +
      'larger with aws ec2 modify-volume. The next run grows its filesystem.',
  );
}

/** Returns a program's stdout, even when it exited with this status. */
async function stdoutDespiteStatus(run: Promise<string>, status: number): Promise<string> {
  try {
    return await run;
  } catch (error) {
    if (error instanceof RemoteCommandError && error.status === status) return error.stdout;
    throw error;
  }
}
