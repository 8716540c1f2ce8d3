import type { AwsStub } from '../../support/aws-stub.ts';
import { invalid } from './read-request.ts';
import { emulateChangeSets } from './change-sets.ts';
import { listChanges } from './changes.ts';
import { standFor } from './query.ts';
import { type Resources, VERSION } from './resources.ts';
import { type Fault, findStack, isGone, plan, planFault, showParameters } from './stack.ts';
import type { Stack } from './stack.ts';

/**
 * Answers as CloudFormation: a stack has changed when it has been looked at twice (DescribeStacks), but its resources
 * are made at once. `takeFault` says what goes wrong in what is about to be done.
 */
export function emulateStacks(
  account: AwsStub & { id: string },
  resources: Resources,
  takeFault: () => Fault | undefined,
): void {
  const stacks: Stack[] = [];
  const mustFind = (key = '') => {
    const found = findStack(stacks, key);
    if (found) return found;
    throw invalid(`Stack with id ${key} does not exist`);
  };
  const listResources = ({ StackName }: Record<string, string>) => resourcesOf(mustFind(StackName));

  emulateChangeSets(account, resources, stacks, takeFault);
  standFor(account, 'cloudformation', {
    DescribeStacks: ({ StackName }) => {
      for (const stack of StackName ? [mustFind(StackName)] : stacks) stack.ahead.shift()?.();
      // One that has gone with this look is found by its ARN alone.
      const shown = StackName ? [mustFind(StackName)] : stacks.filter((each) => !isGone(each));
      return { Stacks: shown.map(show) };
    },

    DescribeStackEvents: ({ StackName }) => {
      const stack = mustFind(StackName);
      stack.ahead.shift()?.();
      return { StackEvents: stack.events };
    },
    DescribeStackResources: (form) => ({ StackResources: listResources(form) }),
    ListStackResources: (form) => ({ StackResourceSummaries: listResources(form) }),
    GetTemplate: ({ StackName }) => ({ TemplateBody: mustFind(StackName).template }),

    DeleteStack: async ({ StackName }) => {
      const stack = findStack(stacks, StackName);
      if (!stack || isGone(stack) || stack.status === 'DELETE_IN_PROGRESS') return {};
      const { made } = stack;
      const changes = listChanges(made?.wanted.resources ?? {}, {});
      const fault = takeFault();
      if (fault) {
        planFault(stack, 'DELETE', changes, fault);
        return {};
      }
      if (made) await resources.unmake(stack.name, made);
      plan(stack, 'DELETE', changes, made);
      return {};
    },
  });
}

function show({ id, name, status, reason, creationTime, parameters, tags, made }: Stack) {
  const hasOutputs = !/^(REVIEW|CREATE)_IN_PROGRESS$/.test(status);
  const outputs = Object.entries(hasOutputs ? (made?.outputs ?? {}) : {});
  return {
    StackId: id,
    StackName: name,
    StackStatus: status,
    StackStatusReason: reason,
    CreationTime: creationTime,
    Parameters: showParameters(parameters),
    Tags: tags,
    Outputs: outputs
      .filter(([key]) => key !== VERSION)
      .map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue })),
  };
}

function resourcesOf({ name, made }: Stack) {
  return Object.entries(made?.wanted.resources ?? {}).map(([LogicalResourceId, { Type }]) => ({
    StackName: name,
    LogicalResourceId,
    PhysicalResourceId: made?.ids[LogicalResourceId],
    ResourceType: Type,
    ResourceStatus: 'CREATE_COMPLETE',
    Timestamp: new Date(),
    LastUpdatedTimestamp: new Date(),
  }));
}
