import { randomUUID } from 'node:crypto';
import {
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  TerminateInstanceInAutoScalingGroupCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import type { Account, Answered, Asked } from '../../support/aws-front.ts';
import type { Moto } from './moto.ts';
import { answer, formOf, refuse } from './query.ts';

/** An instance refresh of a group. */
interface Refresh {
  InstanceRefreshId: string;
  AutoScalingGroupName: string;
  Status: string;
  StatusReason?: string;
  StartTime: Date;
  PercentageComplete: number;
  InstancesToUpdate: number;
  /** What it goes through, one at each look. */
  ahead: (() => Promise<void> | void)[];
  /** The launch template's version, if another one was asked for. */
  version?: string;
}

/** How a refresh is to end. */
export interface RefreshEnd {
  status: 'Successful' | 'RollbackSuccessful' | 'RollbackFailed' | 'Failed';
  reason?: string;
}

/**
 * Answers as an Auto Scaling group that replaces its instances: one at each look, and then the refresh ends as
 * `endOf` says at its beginning.
 */
export function emulateRefreshes(account: Account, moto: Moto, endOf: () => RefreshEnd): void {
  const refreshes: Refresh[] = [];
  const current = (group = '') =>
    refreshes.find(
      ({ AutoScalingGroupName, ahead }) => AutoScalingGroupName === group && ahead.length > 0,
    );

  account.stand('autoscaling:StartInstanceRefresh', async (asked) => {
    const form = formOf(asked);
    const group = await findGroup(moto, form.AutoScalingGroupName);
    if (!group) return refuse('ValidationError', 'AutoScalingGroup name not found - null');
    if (current(form.AutoScalingGroupName)) {
      return refuse(
        'InstanceRefreshInProgress',
        'An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.',
      );
    }
    const refresh = begin(group, form['DesiredConfiguration.LaunchTemplate.Version']);
    planEnd(moto, refresh, group, endOf());
    refreshes.unshift(refresh);
    return answer(asked, { InstanceRefreshId: refresh.InstanceRefreshId });
  });
  account.stand('autoscaling:DescribeInstanceRefreshes', async (asked) => {
    const { AutoScalingGroupName, ...form } = formOf(asked);
    const ids = Object.entries(form).filter(([name]) => name.startsWith('InstanceRefreshIds.'));
    const found = refreshes.filter(
      (each) =>
        each.AutoScalingGroupName === AutoScalingGroupName &&
        (ids.length === 0 || ids.some(([, id]) => id === each.InstanceRefreshId)),
    );
    for (const refresh of found) await refresh.ahead.shift()?.();
    return answer(asked, {
      InstanceRefreshes: found.map(({ ahead: _, version: __, ...shown }) => shown),
    });
  });
  const turnBack = (asked: Asked, doing: string, done: string): Answered => {
    const refresh = current(formOf(asked).AutoScalingGroupName);
    if (!refresh)
      return refuse(
        'ActiveInstanceRefreshNotFound',
        'No in progress or pending Instance Refresh found.',
      );
    refresh.Status = doing;
    refresh.ahead = [() => {}, () => void (refresh.Status = done)];
    return answer(asked, { InstanceRefreshId: refresh.InstanceRefreshId });
  };
  account.stand('autoscaling:RollbackInstanceRefresh', (asked) =>
    turnBack(asked, 'RollbackInProgress', 'RollbackSuccessful'),
  );
  account.stand('autoscaling:CancelInstanceRefresh', (asked) =>
    turnBack(asked, 'Cancelling', 'Cancelled'),
  );
}

function begin(group: AutoScalingGroup, version: string | undefined): Refresh {
  return {
    InstanceRefreshId: randomUUID(),
    AutoScalingGroupName: group.AutoScalingGroupName ?? '',
    Status: 'Pending',
    StartTime: new Date(),
    PercentageComplete: 0,
    InstancesToUpdate: group.Instances?.length ?? 0,
    ahead: [],
    ...(version !== undefined && { version }),
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
      if (isSuccess) await pointTo(moto, group, refresh.version);
    },
    ...(isSuccess ? replace : replace.slice(0, 1)),
    ...(end.status.startsWith('Rollback') ? [turnBack] : []),
    () => {
      refresh.Status = end.status;
      if (end.reason !== undefined) refresh.StatusReason = end.reason;
    },
  ];
}

async function findGroup(moto: Moto, name = ''): Promise<AutoScalingGroup | undefined> {
  const names = { AutoScalingGroupNames: [name] };
  const answered = await moto.autoScaling.send(new DescribeAutoScalingGroupsCommand(names));
  return answered.AutoScalingGroups?.[0];
}

/** What a desired configuration that succeeds leaves behind. */
async function pointTo(moto: Moto, group: AutoScalingGroup, Version?: string): Promise<void> {
  if (Version === undefined) return;
  const { AutoScalingGroupName, LaunchTemplate } = group;
  const to = { LaunchTemplateId: LaunchTemplate?.LaunchTemplateId, Version };
  await moto.autoScaling.send(
    new UpdateAutoScalingGroupCommand({ AutoScalingGroupName, LaunchTemplate: to }),
  );
}

async function replaceInstance(moto: Moto, InstanceId?: string): Promise<void> {
  const one = { InstanceId, ShouldDecrementDesiredCapacity: false };
  await moto.autoScaling.send(new TerminateInstanceInAutoScalingGroupCommand(one));
}
