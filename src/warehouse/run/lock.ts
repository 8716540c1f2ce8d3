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
import { ORIGIN_TAG, KEPT_UNTIL_TAG, WAREHOUSE_TAG } from '../tags.ts';

const ID = 'id';

/** Says where runs of this folder are started: by name, and by an id, since other machines may be named alike. */
export function originTag(folder: string): string {
  const path = join(folder, ID);
  // a dry run comes before there is one
  const id = existsSync(path) ? readFileSync(path, 'utf8') : '';
  // a tag's value is at most 256 characters long
  return `${hostname()}:${resolve(folder)}@${id}`.slice(-256);
}

/**
 * Keeps other commands from working with the same folder, and gives it its id if it has none.
 * @throws OperatorError when one does
 */
export async function lockFolder(folder: string): Promise<InstanceLock> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const claim = await acquireLock(join(folder, 'claim.sock'), 'A command of the warehouse');
  const path = join(folder, ID);
  if (!existsSync(path)) await writeFile(path, randomBytes(8).toString('hex'), { mode: 0o600 });
  return claim;
}

/** The instances of a warehouse that have not ended and are not ending, the oldest first: each holds its lock. */
export function listLockHolders(ec2: EC2Client, volumeId: string): Promise<Instance[]> {
  const alive = ['pending', 'running', 'stopping', 'stopped'];
  const states = { Name: 'instance-state-name', Values: alive };
  return listInstances(ec2, [tagFilter(WAREHOUSE_TAG, volumeId), states]);
}

/** Says who holds the lock, and what can be done about it. */
export function formatLockHeld(
  volumeId: string,
  { id, runId, launchedAt, tags }: Instance,
): string {
  const since = `since ${formatTime(launchedAt)}, started from ${tags[ORIGIN_TAG] ?? 'elsewhere'}`;
  const kept = tags[KEPT_UNTIL_TAG] ? ', and kept for people to query' : '';
  return (
    `${volumeId} is in use by the run ${runId}, on ${id} ${since}${kept}. Wait until it has ended; ` +
    'one that was kept ends with: npm run warehouse -- finish; one that has died with: ' +
    `npm run warehouse -- cleanup ${runId}`
  );
}

/**
 * Makes sure that no other run has started an instance for the same volume: of two, the younger steps back.
 * @throws OperatorError that says which
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
