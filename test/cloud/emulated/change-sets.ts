import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { AwsStub } from '../../support/aws-stub.ts';
import { type ChangeSetRequest, validationError, readChangeSetRequest } from './read-request.ts';
import { type Change, type ChangeDetail, listChanges } from './changes.ts';
import { listEffects } from './effects.ts';
import { findUndeletableDatabase } from './creating-database.ts';
import { Refusal, answerActions } from './query.ts';
import type { ResourceProvider, TakeFault } from './resources.ts';
import {
  setStatus,
  findStack,
  createStack,
  startOperation,
  startFailingOperation,
} from './stack.ts';
import { formatParameters, type Stack } from './stack.ts';

interface ChangeSet extends ChangeSetRequest {
  id: string;
  name: string;
  stack: Stack;
  type: 'CREATE' | 'UPDATE';
  changes: Change[];
  status: 'CREATE_IN_PROGRESS' | 'CREATE_COMPLETE' | 'FAILED';
  creationTime: Date;
}

const NO_CHANGES =
  "The submitted information didn't contain changes. Submit different information to create a change set.";

/** Answers requests about change sets of the stacks. A change set is ready at the second poll. */
export function emulateChangeSets(
  account: AwsStub & { id: string },
  resources: ResourceProvider,
  stacks: Stack[],
  takeFault: TakeFault,
): void {
  const changeSets: ChangeSet[] = [];
  // The responses to requests with a token: a repeated request gets the same one, and is not done twice.
  const answered = new Map<string, object>();
  const find = ({ ChangeSetName, StackName }: Record<string, string>) =>
    changeSets.find(
      ({ id, name, stack }) =>
        id === ChangeSetName ||
        (name === ChangeSetName && [stack.id, stack.name].includes(StackName ?? '')),
    );
  const mustFind = (form: Record<string, string>) => {
    const found = find(form);
    if (found) return found;
    throw new Refusal('ChangeSetNotFound', `ChangeSet [${form.ChangeSetName}] does not exist`);
  };

  answerActions(account, 'cloudformation', {
    CreateChangeSet: (form) => {
      const { StackName = '', ChangeSetName: name = '' } = form;
      const type = form.ChangeSetType === 'CREATE' ? 'CREATE' : 'UPDATE';
      const found = findStack(stacks, StackName);
      const before = answered.get(`created ${form.ClientToken}`);
      if (before) return before;
      mustBeFree(StackName, type, found);
      if (find(form)) throw taken(`ChangeSet ${name} already exists`);
      const request = readChangeSetRequest(form, found);
      const stack = found ?? createStack(account.id, StackName);
      if (!found) {
        setStatus(stack, 'REVIEW_IN_PROGRESS', 'User Initiated');
        stacks.push(stack);
      }
      const changes = listChanges(stack.existing?.requested ?? null, request.requested);
      const place = stack.id.replace(/stack.*/, `changeSet/${name}`);
      const id = `${place}/${randomUUID()}`;
      const status = 'CREATE_IN_PROGRESS';
      changeSets.push({
        ...request,
        id,
        name,
        stack,
        type,
        changes,
        status,
        creationTime: new Date(),
      });
      const answer = { Id: id, StackId: stack.id };
      answered.set(`created ${form.ClientToken ?? id}`, answer);
      return answer;
    },

    DescribeChangeSet: (form) => {
      const found = mustFind(form);
      const shown = show(found);
      if (found.status === 'CREATE_IN_PROGRESS') {
        found.status = hasChanges(found) ? 'CREATE_COMPLETE' : 'FAILED';
      }
      return shown;
    },

    ListChangeSets: ({ StackName }) => {
      const own = changeSets.filter(({ stack }) =>
        [stack.id, stack.name].includes(StackName ?? ''),
      );
      return { Summaries: own.map(show) };
    },

    DeleteChangeSet: (form) => {
      const found = find(form);
      if (found) changeSets.splice(changeSets.indexOf(found), 1);
      return {};
    },

    ExecuteChangeSet: async (form) => {
      const before = answered.get(`executed ${form.ClientRequestToken}`);
      if (before) return before;
      const found = mustFind(form);
      const { id, stack, type, changes, status, ...request } = found;
      if (status !== 'CREATE_COMPLETE') {
        const state = `in its current status of [${status}]`;
        throw new Refusal(
          'InvalidChangeSetStatus',
          `ChangeSet [${id}] cannot be executed ${state}`,
        );
      }
      const others = changeSets.filter((each) => each.stack !== stack);
      changeSets.splice(0, changeSets.length, ...others);
      stack.tags = request.tags;
      // Before the work, which may take longer than the client waits for the response.
      answered.set(`executed ${form.ClientRequestToken ?? id}`, {});
      const { requested } = request;
      const fault =
        takeFault(requested) ?? (await resources.findRefused(stack.existing, requested));
      if (fault) {
        const { existing, name } = stack;
        const undeletable = existing ? undefined : findUndeletableDatabase(requested, fault);
        startFailingOperation(stack, type, changes, fault, undeletable);
        if (existing) await resources.leaveAfterRollback(name, existing, requested);
      } else await execute(resources, stack, type, changes, request);
      return {};
    },
  });
}

async function execute(
  resources: ResourceProvider,
  stack: Stack,
  type: ChangeSet['type'],
  changes: Change[],
  { template, parameters, tags, requested }: ChangeSetRequest,
): Promise<void> {
  const before = stack.existing;
  stack.existing = before
    ? await resources.update(stack.name, before, requested)
    : await resources.create(stack.name, requested, tags);
  Object.assign(stack, { template, parameters });
  startOperation(stack, type, listEffects(changes, requested), before);
}

function mustBeFree(name: string, type: ChangeSet['type'], stack: Stack | undefined): void {
  if (type === 'CREATE') {
    if (!stack || stack.status === 'REVIEW_IN_PROGRESS') return;
    throw taken(`Stack [${name}] already exists and cannot be created again with the changeSet`);
  }
  if (!stack) throw validationError(`Stack [${name}] does not exist`);
  if (/^(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE$/.test(stack.status)) return;
  throw validationError(`Stack:${stack.id} is in ${stack.status} state and can not be updated.`);
}

function taken(message: string): Refusal {
  return new Refusal('AlreadyExistsException', message);
}

function hasChanges({ type, changes, parameters, stack }: ChangeSet): boolean {
  // A policy of a resource changes only together with a property of some resource.
  const isPolicy = ({ Target }: ChangeDetail) => Target.Attribute !== 'Properties';
  const isOfPolicies = ({ Action, Details }: Change) =>
    Action === 'Modify' && Details.every(isPolicy);
  return (
    type === 'CREATE' ||
    !changes.every(isOfPolicies) ||
    !isDeepStrictEqual(parameters, stack.parameters)
  );
}

function show({ id, name, stack, status, creationTime, parameters, changes }: ChangeSet) {
  return {
    ChangeSetId: id,
    ChangeSetName: name,
    StackId: stack.id,
    StackName: stack.name,
    CreationTime: creationTime,
    Status: status,
    StatusReason: status === 'FAILED' ? NO_CHANGES : undefined,
    ExecutionStatus: status === 'CREATE_COMPLETE' ? 'AVAILABLE' : 'UNAVAILABLE',
    Parameters: formatParameters(parameters),
    Changes: changes.map((change) => ({
      Type: 'Resource',
      ResourceChange: {
        ...change,
        PhysicalResourceId: stack.existing?.ids[change.LogicalResourceId],
        Scope: [...new Set(change.Details.map(({ Target }) => Target.Attribute))],
      },
    })),
  };
}
