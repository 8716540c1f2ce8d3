import { findCreated } from '../../aws/find-created.ts';
import { listInstances } from '../../aws/ec2/instances.ts';
import { tagFilter } from '../../aws/ec2/tags.ts';
import { RUN_TAG } from '../../aws/tags.ts';
import { terminateAndWait, TERMINATED_MAX_MS } from '../../aws/ec2/terminate.ts';
import { formatTime } from '../../cli/times.ts';
import { cleanupPollOptions } from '../../aws/poll-options.ts';
import type { PollOptions } from '../../cli/poll.ts';
import type { WarehouseContext } from '../context.ts';
import type { ActiveRun } from '../run/active-run.ts';

/**
 * Terminates the run's instances, and waits until they have ended and released the volume. While AWS cannot be reached,
 * it retries until the instance has shut itself down.
 */
export async function endInstances(run: ActiveRun<WarehouseContext>): Promise<void> {
  const { ec2, timing, state } = run;
  const options = cleanupPollOptions(
    run,
    Math.max(TERMINATED_MAX_MS, Number(state.endsAt) - Date.now()),
  );
  const end = (id: string) => terminateAndWait(ec2, id, timing.visibilityTimeoutMs, options);
  // The search for other instances may take long, and this one costs money.
  if (state.instanceId) await end(state.instanceId);
  for (const id of await findOthers(run, options)) await end(id);
}

/**
 * Finds instances by the run's tag. If the response to a launch is missing, it polls for an instance that is not listed
 * yet.
 */
function findOthers(
  { ec2, state, timing }: ActiveRun<WarehouseContext>,
  options: PollOptions,
): Promise<string[]> {
  const subject = 'An instance that AWS may have started';
  const list = async () => {
    const found = await listInstances(ec2, [tagFilter(RUN_TAG, state.runId)]);
    return found.filter((instance) => instance.state !== 'terminated').map(({ id }) => id);
  };
  const visibilityTimeoutMs = state.isLaunchUnanswered ? timing.visibilityTimeoutMs : 0;
  return findCreated({ subject, knownId: null, list, visibilityTimeoutMs }, options);
}

/** Formats what may still exist after `endInstances` failed, with the command that removes it. */
export function formatInstanceOrphans({ state }: ActiveRun<WarehouseContext>): string[] {
  const { instanceId, runId, endsAt } = state;
  const ends = `it ends by itself at about ${formatTime(endsAt)}`;
  const terminate = 'aws ec2 terminate-instances --instance-ids';
  if (instanceId)
    return [`the instance ${instanceId}, which costs (${ends}): ${terminate} ${instanceId}`];
  const find = `aws ec2 describe-instances --filters Name=tag:${RUN_TAG},Values=${runId}`;
  return [`an instance of the run ${runId}, which costs (${ends}): ${find}; ${terminate} ID`];
}
