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

/** The change sets of an account. */
interface State {
  accountId: string;
  stacks: Stack[];
  changeSets: ChangeSet[];
  /** The responses to requests with a token: a repeated request gets the same one, and is not done twice. */
  answered: Map<string, object>;
}

type Form = Record<string, string>;

/** Answers requests about change sets of the stacks. A change set is ready at the second poll. */
export function emulateChangeSets(
  account: AwsStub & { id: string },
  resources: ResourceProvider,
  stacks: Stack[],
  takeFault: TakeFault,
): void {
  const state: State = { accountId: account.id, stacks, changeSets: [], answered: new Map() };
  const { changeSets } = state;
  answerActions(account, 'cloudformation', {
    CreateChangeSet: (form) => createChangeSet(state, form),

    DescribeChangeSet: (form) => {
      const found = mustFind(state, form);
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
      const found = find(state, form);
      if (found) changeSets.splice(changeSets.indexOf(found), 1);
      return {};
    },

    ExecuteChangeSet: async (form) => {
      const before = state.answered.get(`executed ${form.ClientRequestToken}`);
      if (before) return before;
      const changeSet = takeComplete(state, form);
      // Before the work, which may take longer than the client waits for the response.
      state.answered.set(`executed ${form.ClientRequestToken ?? changeSet.id}`, {});
      await executeChangeSet(resources, takeFault, changeSet);
      return {};
    },
  });
}

function find({ changeSets }: State, { ChangeSetName, StackName }: Form): ChangeSet | undefined {
  return changeSets.find(
    ({ id, name, stack }) =>
      id === ChangeSetName ||
      (name === ChangeSetName && [stack.id, stack.name].includes(StackName ?? '')),
  );
}

function mustFind(state: State, form: Form): ChangeSet {
  const found = find(state, form);
  if (found) return found;
  throw new Refusal('ChangeSetNotFound', `ChangeSet [${form.ChangeSetName}] does not exist`);
}

function createChangeSet(state: State, form: Form): object {
  const { accountId, stacks, changeSets, answered } = state;
  const { StackName = '', ChangeSetName: name = '' } = form;
  const type = form.ChangeSetType === 'CREATE' ? 'CREATE' : 'UPDATE';
  const found = findStack(stacks, StackName);
  const before = answered.get(`created ${form.ClientToken}`);
  if (before) return before;
  mustBeFree(StackName, type, found);
  if (find(state, form)) throw taken(`ChangeSet ${name} already exists`);
  const request = readChangeSetRequest(form, found);
  const stack = found ?? createStack(accountId, StackName);
  if (!found) {
    setStatus(stack, 'REVIEW_IN_PROGRESS', 'User Initiated');
    stacks.push(stack);
  }
  const place = stack.id.replace(/stack.*/, `changeSet/${name}`);
  const id = `${place}/${randomUUID()}`;
  changeSets.push({
    ...request,
    id,
    name,
    stack,
    type,
    changes: listChanges(stack.existing?.requested ?? null, request.requested),
    status: 'CREATE_IN_PROGRESS',
    creationTime: new Date(),
  });
  const answer = { Id: id, StackId: stack.id };
  answered.set(`created ${form.ClientToken ?? id}`, answer);
  return answer;
}

/** Returns a change set that can be executed, and removes all change sets of its stack. */
function takeComplete(state: State, form: Form): ChangeSet {
  const found = mustFind(state, form);
  const { id, stack, status } = found;
  if (status !== 'CREATE_COMPLETE') {
    throw new Refusal(
      'InvalidChangeSetStatus',
      `ChangeSet [${id}] cannot be executed in its current status of [${status}]`,
    );
  }
  const others = state.changeSets.filter((each) => each.stack !== stack);
  state.changeSets.splice(0, state.changeSets.length, ...others);
  return found;
}

async function executeChangeSet(
  resources: ResourceProvider,
  takeFault: TakeFault,
  { stack, type, changes, ...request }: ChangeSet,
): Promise<void> {
  const { requested } = request;
  stack.tags = request.tags;
  const fault = takeFault(requested) ?? (await resources.findRefused(stack.existing, requested));
  if (!fault) return execute(resources, stack, type, changes, request);
  const { existing, name } = stack;
  const undeletable = existing ? undefined : findUndeletableDatabase(requested, fault);
  startFailingOperation(stack, type, changes, fault, undeletable);
  if (existing) await resources.leaveAfterRollback(name, existing, requested);
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
