import { randomUUID } from 'node:crypto';
import {
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  type DesiredConfiguration,
  TerminateInstanceInAutoScalingGroupCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import type { AwsStub } from '../../support/aws-stub.ts';
import type { Moto } from './moto.ts';
import { Refusal, answerActions, readTree } from './query.ts';

/** An instance refresh of a group. */
interface Refresh {
  InstanceRefreshId: string;
  AutoScalingGroupName: string;
  Status: string;
  StatusReason?: string;
  StartTime: Date;
  PercentageComplete: number;
  InstancesToUpdate: number;
  DesiredConfiguration?: DesiredConfiguration;
  /** The further statuses, one for each poll. */
  ahead: (() => Promise<void> | void)[];
}

/** The end of a refresh. */
export interface RefreshEnd {
  status: 'Successful' | 'RollbackSuccessful' | 'RollbackFailed' | 'Failed';
  reason?: string;
}

/**
 * Answers as an Auto Scaling group that replaces its instances, one at each poll. The refresh then ends as `endOf`
 * returned at its start.
 */
export function emulateRefreshes(account: AwsStub, moto: Moto, endOf: () => RefreshEnd): void {
  const refreshes: Refresh[] = [];
  const current = (group = '') =>
    refreshes.find(
      ({ AutoScalingGroupName, ahead }) => AutoScalingGroupName === group && ahead.length > 0,
    );

  const turnBack = (doing: string, done: string) => (form: Record<string, string>) => {
    const refresh = current(form.AutoScalingGroupName);
    if (!refresh) {
      const message = 'No in progress or pending Instance Refresh found.';
      throw new Refusal('ActiveInstanceRefreshNotFound', message);
    }
    refresh.Status = doing;
    refresh.ahead = [() => {}, () => void (refresh.Status = done)];
    return { InstanceRefreshId: refresh.InstanceRefreshId };
  };

  answerActions(account, 'autoscaling', {
    StartInstanceRefresh: async (form) => {
      const group = await findGroup(moto, form.AutoScalingGroupName);
      if (current(form.AutoScalingGroupName)) {
        throw new Refusal(
          'InstanceRefreshInProgress',
          'An Instance Refresh is already in progress',
        );
      }
      const refresh = startRefresh(group);
      const configuration = readTree(form).DesiredConfiguration as DesiredConfiguration | undefined;
      if (configuration) refresh.DesiredConfiguration = configuration;
      planEnd(moto, refresh, group, endOf());
      refreshes.unshift(refresh);
      return { InstanceRefreshId: refresh.InstanceRefreshId };
    },
    DescribeInstanceRefreshes: async (form) => {
      const ids = Object.keys(form).filter((name) => name.startsWith('InstanceRefreshIds.'));
      const found = refreshes.filter(
        (each) =>
          each.AutoScalingGroupName === form.AutoScalingGroupName &&
          (ids.length === 0 || ids.some((name) => form[name] === each.InstanceRefreshId)),
      );
      for (const refresh of found) await refresh.ahead.shift()?.();
      return { InstanceRefreshes: found.map((each) => ({ ...each, ahead: undefined })) };
    },
    RollbackInstanceRefresh: turnBack('RollbackInProgress', 'RollbackSuccessful'),
    CancelInstanceRefresh: turnBack('Cancelling', 'Cancelled'),
  });
}

function startRefresh(group: AutoScalingGroup): Refresh {
  return {
    InstanceRefreshId: randomUUID(),
    AutoScalingGroupName: group.AutoScalingGroupName ?? '',
    Status: 'Pending',
    StartTime: new Date(),
    PercentageComplete: 0,
    InstancesToUpdate: group.Instances?.length ?? 0,
    ahead: [],
  };
}

function planEnd(moto: Moto, refresh: Refresh, group: AutoScalingGroup, end: RefreshEnd): void {
  const all = group.Instances?.length ?? 0;
  const isSuccess = end.status === 'Successful';
  const replace = (group.Instances ?? []).map(({ InstanceId }, index) => async () => {
    refresh.Status = 'InProgress';
    refresh.PercentageComplete = Math.floor((100 * (index + 1)) / all);
    refresh.InstancesToUpdate = all - index - 1;
    if (isSuccess) await replaceInstance(moto, InstanceId);
  });
  const turnBack = () => void (refresh.Status = 'RollbackInProgress');
  refresh.ahead = [
    async () => {
      refresh.Status = 'InProgress';
      if (isSuccess) await configure(moto, group, refresh.DesiredConfiguration);
    },
    ...(isSuccess ? replace : replace.slice(0, 1)),
    ...(end.status.startsWith('Rollback') ? [turnBack] : []),
    () => {
      refresh.Status = end.status;
      if (end.reason !== undefined) refresh.StatusReason = end.reason;
    },
  ];
}

async function findGroup(moto: Moto, name = ''): Promise<AutoScalingGroup> {
  const names = { AutoScalingGroupNames: [name] };
  const answered = await moto.autoScaling.send(new DescribeAutoScalingGroupsCommand(names));
  const group = answered.AutoScalingGroups?.[0];
  if (!group) throw new Refusal('ValidationError', 'AutoScalingGroup name not found - null');
  return group;
}

/** Applies the desired configuration of a refresh to the group. A launch template alone replaces the group's policy. */
async function configure(
  moto: Moto,
  { AutoScalingGroupName }: AutoScalingGroup,
  configuration?: DesiredConfiguration,
): Promise<void> {
  if (!configuration) return;
  await moto.autoScaling.send(
    new UpdateAutoScalingGroupCommand({ AutoScalingGroupName, ...configuration }),
  );
}

async function replaceInstance(moto: Moto, InstanceId?: string): Promise<void> {
  const one = { InstanceId, ShouldDecrementDesiredCapacity: false };
  await moto.autoScaling.send(new TerminateInstanceInAutoScalingGroupCommand(one));
}
