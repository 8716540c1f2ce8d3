import { createRunId } from '../../cli/run-id.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { type PollResult, poll } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import {
  createDatabaseSnapshot,
  type DatabaseSnapshot,
  findDatabaseSnapshot,
  listDatabaseSnapshots,
} from '../database/snapshots.ts';
import { readOutputs } from '../stack/outputs.ts';
import { requireStack, STACK_TAG } from '../stack/stack.ts';

const REQUESTED_MAX_MS = 30 * 60_000;
const COMPLETE_MAX_MS = 2 * 3_600_000;

/**
 * Takes a snapshot of the database, which continues to serve. If a snapshot of this stack is in progress, waits for
 * that one instead.
 * @throws OperatorError if the snapshot fails or is not complete in time; the reason of `cloud.signal` if it is aborted
 */
export async function takeSnapshot(
  cloud: CloudContext,
  { dryRun }: { dryRun: boolean },
): Promise<void> {
  const { databaseId } = readOutputs(await requireStack(cloud));
  const current = await findInProgress(cloud, databaseId);
  if (dryRun) {
    const action = current ? `wait for the snapshot ${current.id}` : 'take a snapshot';
    return cloud.print(`This would ${action} of ${databaseId}.`);
  }
  const id = current?.id ?? createName(cloud.stackName);
  cloud.log(`Taking the snapshot ${id} of ${databaseId} …`);
  if (!current) await requestSnapshot(cloud, databaseId, id);
  const snapshot = await waitUntilComplete(cloud, id);
  if (snapshot.status === 'failed') throw new OperatorError(`The snapshot ${id} failed.`);
  cloud.print(
    `The snapshot ${id} is complete. The storage of its database has ${snapshot.sizeGib} GiB.`,
  );
  cloud.print(`To restore it: ${formatCommand(cloud, `restore ${id}`)}`);
}

/** Creates a name of lower-case letters, digits and single hyphens, which RDS accepts. */
function createName(stackName: string): string {
  return `${stackName}-${createRunId(new Date())}`.toLowerCase().replaceAll(/-+/g, '-');
}

async function findInProgress({ clients, stackName }: CloudContext, databaseId: string) {
  const snapshots = await listDatabaseSnapshots(clients.rds, databaseId);
  return snapshots.find(
    ({ status, tags }) => status === 'creating' && tags[STACK_TAG] === stackName,
  );
}

async function requestSnapshot(cloud: CloudContext, databaseId: string, id: string): Promise<void> {
  const { clients, stackName } = cloud;
  const tags = { [STACK_TAG]: stackName };
  const request = async () =>
    (await createDatabaseSnapshot(clients.rds, databaseId, { id, tags }))
      ? { done: true }
      : { pending: 'not ready for a snapshot yet' };
  await poll(`The database ${databaseId}`, request, pollOptions(cloud, REQUESTED_MAX_MS));
}

/** Polls a snapshot until it is available or failed. */
async function waitUntilComplete(cloud: CloudContext, id: string): Promise<DatabaseSnapshot> {
  const request = async (): Promise<PollResult<DatabaseSnapshot>> => {
    const snapshot = await findDatabaseSnapshot(cloud.clients.rds, id);
    if (snapshot?.status === 'available' || snapshot?.status === 'failed')
      return { done: snapshot };
    return { pending: snapshot ? `${snapshot.status}, ${snapshot.percent} %` : 'not listed yet' };
  };
  try {
    return await poll(`The snapshot ${id}`, request, pollOptions(cloud, COMPLETE_MAX_MS));
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    throw new OperatorError(
      `${error.message} AWS continues a snapshot in progress. Run the same command again to wait for it.`,
      { cause: error },
    );
  }
}
