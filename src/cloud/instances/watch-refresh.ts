import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { addSentence, OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { formatReason } from '../stack/hints.ts';
import type { Outputs } from '../stack/outputs.ts';
import { explainExtraInstances } from './extra-instances.ts';
import { findLaunchFailure, formatLaunchFailure } from './launch-failure.ts';
import { readGroupHealth } from './group-health.ts';
import { requireScalingGroup } from './scaling-group.ts';
import { findRefresh, hasEnded, type InstanceRefresh } from './instance-refreshes.ts';
import { deleteTemplateVersion, listTemplateVersions } from './template-versions.ts';

// AWS itself waits an hour for an instance, and as long for a rollback.
const REPLACED_MAX_MS = 3 * 3_600_000;

const OUTCOMES: Record<string, string> = {
  RollbackSuccessful: 'AWS has rolled back to the instances of before, which serve.',
  RollbackFailed: 'AWS could not roll back.',
  Failed: 'AWS has stopped. It may have replaced some instances. The others continue to serve.',
  Cancelled: 'The instance refresh was cancelled.',
};

/**
 * Waits until an instance refresh has ended, and logs its progress.
 * @throws OperatorError with the outcome and AWS's reason when the refresh failed. When the signal, the timeout or an
 *   error of AWS ends the wait, its message adds that AWS continues.
 */
export async function watchRefresh(
  cloud: CloudContext,
  outputs: Outputs,
  id: string,
): Promise<void> {
  const checkEnded = async () => {
    const refresh = await findRefresh(cloud.clients.autoScaling, outputs.instances, id);
    if (!refresh) return { pending: 'not known yet' };
    if (hasEnded(refresh)) return { done: refresh };
    return { pending: await formatProgress(cloud, outputs, refresh) };
  };
  const options = pollOptions(cloud, REPLACED_MAX_MS);
  const refresh = await poll('The instances', checkEnded, options).catch((error: unknown) => {
    throw addSentence(
      error,
      `AWS continues to replace the instances. Run ${formatCommand(cloud, 'roll')} to wait for it.`,
    );
  });
  const outcome = OUTCOMES[refresh.status];
  if (!outcome) return;
  if (refresh.status === 'RollbackSuccessful') {
    await deleteRolledBackVersion(cloud, outputs, refresh);
  }
  const reason = formatReason(refresh.reason ?? 'none');
  const sentences = [
    `The instances were not replaced. ${outcome} AWS’s reason: ${reason}`,
    ...(await explainExtraInstances(cloud, outputs.instances)),
    `To see the instances, run ${formatCommand(cloud, 'status')}. To see what an instance has printed, run aws ec2 ` +
      'get-console-output --latest --instance-id ID.',
  ];
  throw new OperatorError(sentences.join(' '));
}

/**
 * Deletes the launch template version that AWS has rolled back, if it is the newest version. Otherwise the next change
 * of the stack could make the group launch instances from it. Only logs an error, since the caller throws a more
 * important one.
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
    cloud.log(`Deleted launch template version ${version}, which failed to roll out.`);
  } catch (error) {
    cloud.log(errorMessage(error));
  }
}

/** Returns the progress and the last launch failure: `50 %, 1 to go; i-1 InService healthy, i-2 Pending`. */
async function formatProgress(
  cloud: CloudContext,
  outputs: Outputs,
  { status, reason, percent, remaining, startedAt }: InstanceRefresh,
): Promise<string> {
  const [{ members }, problem] = await Promise.all([
    readGroupHealth(cloud, outputs),
    startedAt && findLaunchFailure(cloud.clients.autoScaling, outputs.instances, startedAt),
  ]);
  const rollback = status.startsWith('Rollback') ? `, rolling back (${reason ?? status})` : '';
  const toGo = remaining === null ? '' : `, ${remaining} to go`;
  const each = members.map(({ id, state, health }) => `${id} ${state} ${health ?? ''}`.trim());
  return `${percent} %${toGo}${rollback}; ${each.join(', ')}${problem ? `. ${formatLaunchFailure(problem, cloud)}` : ''}`;
}
