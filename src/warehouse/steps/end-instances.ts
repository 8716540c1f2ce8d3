import { findMade } from '../ec2/find-made.ts';
import { listInstances } from '../ec2/instances.ts';
import { RUN_TAG, tagFilter } from '../ec2/tags.ts';
import { endInstance } from '../ec2/terminate.ts';
import { sayTime } from '../run/times.ts';
import type { Base, Opened } from '../run/run.ts';

const TERMINATED_MAX_MS = 15 * 60_000;

/** Terminates what the run has started, and waits until it has ended and holds the volume no more. */
export async function endInstances(run: Base & Opened): Promise<void> {
  const { ec2, pace, undoing } = run;
  for (const id of await findOurs(run)) {
    await endInstance(ec2, id, pace.lostMaxMs, undoing(TERMINATED_MAX_MS));
  }
}

/** By id and by tag; one whose start was never answered is looked for, since it may not be seen at once. */
function findOurs({ ec2, state, pace, undoing }: Base & Opened): Promise<string[]> {
  const { runId, instanceId, isLaunchUnanswered } = state;
  const what = 'An instance that AWS may have started';
  const list = async () => {
    const found = await listInstances(ec2, [tagFilter(RUN_TAG, runId)]);
    return found.filter((instance) => instance.state !== 'terminated').map(({ id }) => id);
  };
  const unseenMaxMs = isLaunchUnanswered ? pace.lostMaxMs : 0;
  // twice as long, since AWS may not answer for a while
  const waiting = undoing(pace.lostMaxMs * 2);
  return findMade({ what, knownId: instanceId, list, unseenMaxMs }, waiting);
}

/** What may still exist when that failed. */
export function leftoversOfInstances({ state }: Opened): string[] {
  const { instanceId, runId, endsAt } = state;
  const ends = `it ends by itself at about ${sayTime(endsAt)}`;
  const terminate = 'aws ec2 terminate-instances --instance-ids';
  if (instanceId)
    return [`the instance ${instanceId}, which costs (${ends}): ${terminate} ${instanceId}`];
  const find = `aws ec2 describe-instances --filters Name=tag:${RUN_TAG},Values=${runId}`;
  return [`an instance of the run ${runId}, which costs (${ends}): ${find}; ${terminate} ID`];
}
