import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { hintFor } from '../stack/hints.ts';
import type { Outputs } from '../stack/outputs.ts';
import { findLaunchFailure } from './failed-launch.ts';
import { requireScalingGroup } from './scaling-group.ts';
import { findRefresh, hasEnded, type InstanceRefresh } from './refreshes.ts';
import { readTargetHealth } from './targets.ts';
import { deleteTemplateVersion, listTemplateVersions } from './template-versions.ts';

// AWS itself gives up on an instance after an hour, and takes as long to go back
const REPLACED_MAX_MS = 3 * 3_600_000;
const HEALTHY_MAX_MS = 10 * 60_000;

const LOGS = 'what an instance has printed: aws ec2 get-console-output --latest --instance-id ID';
const OUTCOMES: Record<string, string> = {
  RollbackSuccessful: `AWS has gone back to what ran before, which serves on (${LOGS})`,
  RollbackFailed: `AWS could not go back either; status shows what runs now (${LOGS})`,
  Failed: `AWS has stopped, with some perhaps replaced; the old ones that remain serve on, and status shows what runs now (${LOGS})`,
  Cancelled: 'somebody has cancelled it; status shows what runs now',
};

/**
 * Watches a replacement to its end.
 * @throws OperatorError that says why it failed, and what runs then; when the signal, the deadline or a refusal comes
 *   first, that AWS goes on
 */
export async function watchRefresh(
  cloud: CloudContext,
  outputs: Outputs,
  id: string,
): Promise<void> {
  const look = async () => {
    const refresh = await findRefresh(cloud.clients.autoScaling, outputs.instances, id);
    if (!refresh) return { pending: 'not known yet' };
    if (hasEnded(refresh)) return { done: refresh };
    return { pending: await formatProgress(cloud, outputs, refresh) };
  };
  const refresh = await poll('The instances', look, pollOptions(cloud, REPLACED_MAX_MS)).catch(
    (error: unknown) => {
      throw new OperatorError(
        `${errorMessage(error)} AWS goes on replacing the instances by itself: ${formatCommand(cloud, 'roll')} watches it again.`,
        { cause: error },
      );
    },
  );
  const outcome = OUTCOMES[refresh.status];
  if (!outcome) return;
  if (refresh.status === 'RollbackSuccessful')
    await deleteRolledBackVersion(cloud, outputs, refresh);
  const reason = refresh.reason ?? 'it does not say why';
  throw new OperatorError(`The instances were not replaced: ${outcome}. AWS says: ${reason}`);
}

/**
 * Deletes the version of which AWS has gone back, as long as it is the newest: the next change of the stack could have
 * the group start from it. What fails here is told alone, since what matters is said afterwards.
 */
async function deleteRolledBackVersion(
  cloud: CloudContext,
  outputs: Outputs,
  { version }: InstanceRefresh,
): Promise<void> {
  const { autoScaling, ec2 } = cloud.clients;
  try {
    const group = await requireScalingGroup(autoScaling, outputs.instances);
    const [newest] = await listTemplateVersions(ec2, group.templateId);
    if (!version || newest?.number !== version || group.version === version) return;
    await deleteTemplateVersion(ec2, group.templateId, version);
    cloud.log(`The version ${version} of the launch template, which did not do, is deleted.`);
  } catch (error) {
    cloud.log(errorMessage(error));
  }
}

/** `50 %, 1 to go; i-1 InService healthy, i-2 Pending`, and what keeps AWS from it. */
async function formatProgress(
  { clients }: CloudContext,
  outputs: Outputs,
  { status, reason, percent, left, startedAt }: InstanceRefresh,
): Promise<string> {
  const { autoScaling, loadBalancing } = clients;
  const [{ members }, health, problem] = await Promise.all([
    requireScalingGroup(autoScaling, outputs.instances),
    readTargetHealth(loadBalancing, outputs.targets),
    startedAt && findLaunchFailure(autoScaling, outputs.instances, startedAt),
  ]);
  const backwards = status.startsWith('Rollback') ? `, going back (${reason ?? status})` : '';
  const toGo = left === null ? '' : `, ${left} to go`;
  const each = members.map(({ id, state }) => `${id} ${state} ${health.get(id) ?? ''}`.trim());
  return `${percent} %${toGo}${backwards}; ${each.join(', ')}${problem ? sayProblem(problem) : ''}`;
}

function sayProblem(problem: string): string {
  const advice = hintFor(problem);
  return `; AWS tries again what failed: ${problem}${advice ? ` (${advice})` : ''}`;
}

/**
 * Waits until the load balancer finds every instance of the group healthy: AWS looks no further than whether they run.
 * @throws OperatorError when they are not in time
 */
export async function waitUntilHealthy(cloud: CloudContext, outputs: Outputs): Promise<void> {
  const { autoScaling, loadBalancing } = cloud.clients;
  const look = async () => {
    const { members, desired } = await requireScalingGroup(autoScaling, outputs.instances);
    const health = await readTargetHealth(loadBalancing, outputs.targets);
    const healthy = members.filter(({ id }) => health.get(id) === 'healthy');
    if (healthy.length >= desired) return { done: undefined };
    return { pending: `${healthy.length} of ${desired} found healthy by the load balancer` };
  };
  await poll('The instances', look, pollOptions(cloud, HEALTHY_MAX_MS));
}
