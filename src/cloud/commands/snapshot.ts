import { createRunId } from '../../cli/run-id.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { type PollResult, poll } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import {
  createSnapshot,
  type DatabaseSnapshot,
  findSnapshot,
  listSnapshots,
} from '../database/snapshots.ts';
import { readOutputs } from '../stack/outputs.ts';
import { requireStack, STACK_TAG } from '../stack/stack.ts';

const BEGUN_MAX_MS = 30 * 60_000;
const COMPLETE_MAX_MS = 2 * 3_600_000;

/**
 * Takes a snapshot of the database, which goes on serving meanwhile. One that is being taken already is watched
 * instead.
 */
export async function takeSnapshot(
  cloud: CloudContext,
  { dryRun }: { dryRun: boolean },
): Promise<void> {
  const { databaseId } = readOutputs(await requireStack(cloud));
  const begun = await findBegun(cloud, databaseId);
  const id = begun?.id ?? createName(cloud.stackName);
  if (dryRun) return cloud.print(`This would be taken of ${databaseId}: the snapshot ${id}.`);
  cloud.log(`Taking the snapshot ${id} of ${databaseId} …`);
  if (!begun) await begin(cloud, databaseId, id);
  const { sizeGib } = await complete(cloud, id);
  cloud.print(`The snapshot ${id} is complete, of a database of ${sizeGib} GiB.`);
  cloud.print(`To go back to it: ${formatCommand(cloud, `restore ${id}`)}`);
}

/** RDS takes small letters, digits and single hyphens. */
function createName(stackName: string): string {
  return `${stackName}-${createRunId(new Date())}`.toLowerCase().replaceAll(/-+/g, '-');
}

async function findBegun({ clients, stackName }: CloudContext, databaseId: string) {
  const snapshots = await listSnapshots(clients.rds, databaseId);
  return snapshots.find(
    ({ status, tags }) => status === 'creating' && tags[STACK_TAG] === stackName,
  );
}

async function begin(cloud: CloudContext, databaseId: string, id: string): Promise<void> {
  const { clients, stackName } = cloud;
  const tags = { [STACK_TAG]: stackName };
  const look = async () =>
    (await createSnapshot(clients.rds, databaseId, { id, tags }))
      ? { done: true }
      : { pending: 'not ready for a snapshot yet' };
  await poll(`The database ${databaseId}`, look, pollOptions(cloud, BEGUN_MAX_MS));
}

async function complete(cloud: CloudContext, id: string): Promise<DatabaseSnapshot> {
  const look = async (): Promise<PollResult<DatabaseSnapshot>> => {
    const snapshot = await findSnapshot(cloud.clients.rds, id);
    if (snapshot?.status === 'available') return { done: snapshot };
    if (snapshot?.status === 'failed') throw new OperatorError(`AWS could not take ${id}.`);
    return { pending: snapshot ? `${snapshot.status}, ${snapshot.percent} %` : 'not known yet' };
  };
  try {
    return await poll(`The snapshot ${id}`, look, pollOptions(cloud, COMPLETE_MAX_MS));
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    throw new OperatorError(
      `${error.message} AWS goes on with a snapshot by itself: the same command watches on.`,
      { cause: error },
    );
  }
}
