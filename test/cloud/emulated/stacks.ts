import type { AwsStub } from '../../support/aws-stub.ts';
import { validationError } from './read-request.ts';
import { emulateChangeSets } from './change-sets.ts';
import { listRemovals } from './changes.ts';
import { answerActions } from './query.ts';
import { type ResourceProvider, type TakeFault, NEWEST_VERSION } from './resources.ts';
import {
  findStack,
  isDeleted,
  startOperation,
  startFailingOperation,
  formatParameters,
} from './stack.ts';
import type { Stack } from './stack.ts';

/**
 * Answers as CloudFormation. An operation is complete after two polls (DescribeStacks), but its resources are created
 * at once. `takeFault` returns the fault of the next operation.
 */
export function emulateStacks(
  account: AwsStub & { id: string },
  resources: ResourceProvider,
  takeFault: TakeFault,
): void {
  const stacks: Stack[] = [];
  const mustFind = (key = '') => {
    const found = findStack(stacks, key);
    if (found) return found;
    throw validationError(`Stack with id ${key} does not exist`);
  };
  const listResources = ({ StackName }: Record<string, string>) => resourcesOf(mustFind(StackName));

  emulateChangeSets(account, resources, stacks, takeFault);
  answerActions(account, 'cloudformation', {
    DescribeStacks: ({ StackName }) => {
      for (const stack of StackName ? [mustFind(StackName)] : stacks) stack.ahead.shift()?.();
      // A stack that this poll deleted is found only by its ARN.
      const shown = StackName ? [mustFind(StackName)] : stacks.filter((each) => !isDeleted(each));
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

    UpdateTerminationProtection: ({ StackName, EnableTerminationProtection }) => {
      const stack = mustFind(StackName);
      if (stack.status === 'DELETE_IN_PROGRESS') {
        throw validationError(
          `Stack [${StackName}] is in DELETE_IN_PROGRESS status. TerminationProtection cannot be updated.`,
        );
      }
      stack.isProtected = EnableTerminationProtection === 'true';
      return { StackId: stack.id };
    },

    DeleteStack: async ({ StackName }) => {
      const stack = findStack(stacks, StackName);
      if (!stack || isDeleted(stack) || stack.status === 'DELETE_IN_PROGRESS') return {};
      if (stack.isProtected) {
        throw validationError(
          `Stack [${StackName}] cannot be deleted while TerminationProtection is enabled`,
        );
      }
      const { existing } = stack;
      const changes = listRemovals(existing?.requested ?? null);
      const fault = takeFault(null) ?? (existing && (await resources.findProtected(existing)));
      if (fault) {
        startFailingOperation(stack, 'DELETE', changes, fault);
        return {};
      }
      if (existing) await resources.delete(stack.name, existing);
      startOperation(stack, 'DELETE', changes, existing);
      return {};
    },
  });
}

function show(stack: Stack) {
  const { id, name, status, reason, creationTime, parameters, tags, existing } = stack;
  const hasOutputs = !/^(REVIEW|CREATE)_IN_PROGRESS$/.test(status);
  const outputs = Object.entries(hasOutputs ? (existing?.outputs ?? {}) : {});
  return {
    StackId: id,
    StackName: name,
    StackStatus: status,
    StackStatusReason: reason,
    CreationTime: creationTime,
    Parameters: formatParameters(parameters),
    Tags: tags,
    EnableTerminationProtection: stack.isProtected,
    Outputs: outputs
      .filter(([key]) => key !== NEWEST_VERSION)
      .map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue })),
  };
}

function resourcesOf({ name, existing }: Stack) {
  return Object.entries(existing?.requested.resources ?? {}).map(
    ([LogicalResourceId, { Type }]) => ({
      StackName: name,
      LogicalResourceId,
      PhysicalResourceId: existing?.ids[LogicalResourceId],
      ResourceType: Type,
      ResourceStatus: 'CREATE_COMPLETE',
      Timestamp: new Date(),
      LastUpdatedTimestamp: new Date(),
    }),
  );
}
