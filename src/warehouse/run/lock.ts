import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { mkdir, writeFile } from 'node:fs/promises';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { type Instance, isOlder, listInstances } from '../../aws/ec2/instances.ts';
import { tagFilter } from '../../aws/ec2/tags.ts';
import { formatTime } from '../../cli/times.ts';
import { type InstanceLock, acquireLock } from '../../dev/instance-lock.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { WAREHOUSE_TAG } from '../../aws/tags.ts';
import { ORIGIN_TAG, RUNNING_UNTIL_TAG } from '../tags.ts';

const ID = 'id';

/** Returns the value of the origin tag: machine, folder, and the folder's id, since two machines can have one name. */
export function originTag(folder: string): string {
  const path = join(folder, ID);
  // The folder has no id before its first lock. A dry run takes no lock.
  const id = existsSync(path) ? readFileSync(path, 'utf8') : '';
  // AWS limits the value of a tag to 256 characters.
  return `${hostname()}:${resolve(folder)}@${id}`.slice(-256);
}

/**
 * Locks a folder against other commands, and ensures that it has an id.
 * @throws OperatorError when another command holds the lock
 */
export async function lockFolder(folder: string): Promise<InstanceLock> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Commands of MiniTwit 1.6 lock the same file, so its name does not change.
  const lock = await acquireLock(join(folder, 'claim.sock'), 'A command of the warehouse');
  const path = join(folder, ID);
  if (!existsSync(path)) await writeFile(path, randomBytes(8).toString('hex'), { mode: 0o600 });
  return lock;
}

/** Lists the instances that hold a warehouse's lock, oldest first. An instance holds it until it is terminated. */
export function listLockHolders(ec2: EC2Client, volumeId: string): Promise<Instance[]> {
  const alive = ['pending', 'running', 'stopping', 'stopped'];
  const states = { Name: 'instance-state-name', Values: alive };
  return listInstances(ec2, [tagFilter(WAREHOUSE_TAG, volumeId), states]);
}

/** Formats the error for a warehouse whose lock an instance holds. */
export function formatLockHeld(
  volumeId: string,
  { id, runId, launchedAt, tags }: Instance,
): string {
  const since = `since ${formatTime(launchedAt)}, started from ${tags[ORIGIN_TAG] ?? 'elsewhere'}`;
  const leftRunning = tags[RUNNING_UNTIL_TAG] ? ', and left running by --keep' : '';
  return (
    `${volumeId} is in use by the run ${runId}, on ${id} ${since}${leftRunning}. Wait until the run ends. ` +
    'To end a run that was left running: npm run warehouse -- finish. To end a run whose process was killed: ' +
    `npm run warehouse -- cleanup ${runId}`
  );
}

/**
 * Checks that no other run started an instance for the same volume earlier. Of two instances, the older one holds the
 * lock.
 * @throws OperatorError that names the older run
 */
export async function yieldToOlderRun(
  ec2: EC2Client,
  volumeId: string,
  ours: Instance,
): Promise<void> {
  const holders = await listLockHolders(ec2, volumeId);
  const older = holders.find((it) => it.runId !== ours.runId && isOlder(it, ours));
  if (older) throw new OperatorError(formatLockHeld(volumeId, older));
}
