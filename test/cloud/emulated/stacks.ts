import { randomUUID } from 'node:crypto';
import type { Account, Answered, Asked } from '../../support/aws-front.ts';
import { parseTemplate } from '../parse-template.ts';
import { type Change, listChanges } from './changes.ts';
import { type Tag, type Wanted, wantedOf } from './for-moto.ts';
import { make, remake, unmake, VERSION } from './make.ts';
import type { Moto } from './moto.ts';
import { answer, formOf, listIn, refuse } from './query.ts';
import { enter, type Fault, openStack, plan, planFault, type Stack } from './stack.ts';

interface ChangeSet {
  id: string;
  name: string;
  stack: Stack;
  type: 'CREATE' | 'UPDATE';
  status: string;
  reason?: string;
  executionStatus: string;
  changes: Change[];
  template: string;
  parameters: Record<string, string>;
  tags: Tag[];
  wanted: Wanted;
}

const TEMPLATE_MAX_BYTES = 51_200;
const NO_CHANGES =
  "The submitted information didn't contain changes. Submit different information to create a change set.";

/**
 * Answers as CloudFormation: change sets are ready at the second look, stacks have changed at the second, and what
 * their resources are, moto makes. `takeFault` says what goes wrong in what is about to be done.
 */
export function emulateStacks(
  account: Account,
  moto: Moto,
  takeFault: () => Fault | undefined,
): void {
  const stacks: Stack[] = [];
  const changeSets: ChangeSet[] = [];
  const isGone = ({ status }: Stack) => status === 'DELETE_COMPLETE';
  const findStack = (key = '') =>
    stacks.find((each) => each.id === key || (each.name === key && !isGone(each)));
  const findChangeSet = ({ ChangeSetName, StackName }: Record<string, string>) =>
    changeSets.find(
      ({ id, name, stack }) =>
        id === ChangeSetName ||
        (name === ChangeSetName && [stack.id, stack.name].includes(StackName ?? '')),
    );
  const stand = (
    action: string,
    reply: (form: Record<string, string>, asked: Asked) => Promise<object> | object,
  ) =>
    account.stand(`cloudformation:${action}`, async (asked): Promise<Answered> => {
      try {
        return answer(asked, await reply(formOf(asked), asked));
      } catch (error) {
        if (error instanceof Refusal) return refuse(error.code, error.message);
        console.error(error);
        throw error;
      }
    });

  stand('CreateChangeSet', (form) => {
    let stack = findStack(form.StackName);
    const isNew = form.ChangeSetType === 'CREATE';
    if (!isNew && !stack) throw refusal(`Stack [${form.StackName}] does not exist`);
    if (isNew && stack && stack.status !== 'REVIEW_IN_PROGRESS') {
      throw new Refusal('AlreadyExistsException', `Stack [${form.StackName}] already exists`);
    }
    if (stack && !isNew) mustBeStable(stack);
    if (findChangeSet(form)) {
      throw new Refusal('AlreadyExistsException', `ChangeSet ${form.ChangeSetName} already exists`);
    }
    const asked = readAsked(form, stack);
    if (!stack) stacks.push((stack = openStack(account.id, form.StackName ?? '')));
    if (stack.events.length === 0) enter(stack, 'REVIEW_IN_PROGRESS', 'User Initiated');
    const changes = listChanges(stack.made?.wanted.resources ?? {}, asked.wanted.resources);
    const name = form.ChangeSetName ?? '';
    const id = `arn:aws:cloudformation:us-east-1:${account.id}:changeSet/${name}/${randomUUID()}`;
    const type = isNew ? 'CREATE' : 'UPDATE';
    changeSets.unshift({
      ...asked,
      id,
      name,
      stack,
      type,
      changes,
      status: 'CREATE_IN_PROGRESS',
      executionStatus: 'UNAVAILABLE',
    });
    return { Id: id, StackId: stack.id };
  });

  stand('DescribeChangeSet', (form) => {
    const found = findChangeSet(form);
    if (!found)
      throw new Refusal('ChangeSetNotFound', `ChangeSet [${form.ChangeSetName}] does not exist`);
    const shown = showChangeSet(found);
    const isSame = JSON.stringify(found.parameters) === JSON.stringify(found.stack.parameters);
    const hasNone = found.type === 'UPDATE' && found.changes.length === 0 && isSame;
    if (found.status === 'CREATE_IN_PROGRESS') {
      found.status = hasNone ? 'FAILED' : 'CREATE_COMPLETE';
      found.executionStatus = hasNone ? 'UNAVAILABLE' : 'AVAILABLE';
      if (hasNone) found.reason = NO_CHANGES;
    }
    return shown;
  });

  stand('ListChangeSets', ({ StackName }) => {
    const stack = mustFind(findStack(StackName), StackName);
    const own = changeSets.filter((each) => each.stack === stack);
    return {
      Summaries: own.map(showChangeSet).map(({ Changes: _, Parameters: __, ...rest }) => rest),
    };
  });

  stand('DeleteChangeSet', (form) => {
    const found = findChangeSet(form);
    if (found) changeSets.splice(changeSets.indexOf(found), 1);
    return {};
  });

  stand('ExecuteChangeSet', async (form) => {
    const found = findChangeSet(form);
    if (!found)
      throw new Refusal('ChangeSetNotFound', `ChangeSet [${form.ChangeSetName}] does not exist`);
    if (found.executionStatus !== 'AVAILABLE') {
      throw new Refusal(
        'InvalidChangeSetStatus',
        `ChangeSet [${found.id}] cannot be executed in its current status of [${found.status}]`,
      );
    }
    const { stack, type, changes, wanted, template, parameters, tags } = found;
    changeSets.splice(0, Infinity, ...changeSets.filter((each) => each.stack !== stack));
    const fault = takeFault();
    if (fault) {
      planFault(stack, type, changes, fault);
      return {};
    }
    const before = stack.made;
    stack.made = before
      ? await remake(moto, stack.name, before, wanted)
      : await make(moto, stack.name, wanted, tags);
    Object.assign(stack, { template, parameters, tags });
    plan(stack, type, changes, before);
    return {};
  });

  stand('DeleteStack', async ({ StackName }) => {
    const stack = findStack(StackName);
    if (!stack || isGone(stack) || stack.status === 'DELETE_IN_PROGRESS') return {};
    const { made } = stack;
    const changes = listChanges(made?.wanted.resources ?? {}, {});
    const fault = takeFault();
    if (fault) {
      planFault(stack, 'DELETE', changes, fault);
      return {};
    }
    if (made) await unmake(moto, stack.name, made);
    plan(stack, 'DELETE', changes, made);
    return {};
  });

  stand('DescribeStacks', ({ StackName }) => {
    const found = StackName ? [mustFind(findStack(StackName), StackName)] : stacks;
    for (const stack of found) stack.ahead.shift()?.();
    if (found.every(isGone) && !StackName?.startsWith('arn:')) {
      if (StackName) mustFind(undefined, StackName);
    }
    return { Stacks: found.filter((each) => StackName || !isGone(each)).map(showStack) };
  });

  stand('DescribeStackEvents', ({ StackName }) => {
    const stack = mustFind(findStack(StackName), StackName, 'Stack [', '] does not exist');
    return { StackEvents: stack.events };
  });

  const listResources = ({ StackName = '' }) =>
    Object.entries(mustFind(findStack(StackName), StackName).made?.wanted.resources ?? {}).map(
      ([LogicalResourceId, { Type }]) => ({
        StackName,
        LogicalResourceId,
        PhysicalResourceId: findStack(StackName)?.made?.ids[LogicalResourceId],
        ResourceType: Type,
        ResourceStatus: 'CREATE_COMPLETE',
        Timestamp: new Date(),
        LastUpdatedTimestamp: new Date(),
      }),
    );
  stand('DescribeStackResources', (form) => ({ StackResources: listResources(form) }));
  stand('ListStackResources', (form) => ({ StackResourceSummaries: listResources(form) }));
  stand('GetTemplate', ({ StackName }) => ({
    TemplateBody: mustFind(findStack(StackName), StackName).template,
  }));
}

class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

function refusal(message: string): Refusal {
  return new Refusal('ValidationError', message);
}

function mustFind(
  stack: Stack | undefined,
  key = '',
  start = 'Stack with id ',
  end = ' does not exist',
): Stack {
  if (!stack) throw refusal(`${start}${key}${end}`);
  return stack;
}

function mustBeStable({ id, status }: Stack): void {
  if (/^(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE$/.test(status)) return;
  throw refusal(`Stack:${id} is in ${status} state and can not be updated.`);
}

/** What a change set is to make of a stack. */
function readAsked(form: Record<string, string>, stack: Stack | undefined) {
  const template =
    form.UsePreviousTemplate === 'true' ? (stack?.template ?? '') : (form.TemplateBody ?? '');
  if (Buffer.byteLength(template) > TEMPLATE_MAX_BYTES) {
    throw refusal(
      `1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to ${TEMPLATE_MAX_BYTES}`,
    );
  }
  const parsed = parseTemplate(template);
  const types = Object.values(parsed.Resources).map(({ Type }) => Type);
  const capabilities = Object.keys(form).filter((name) => name.startsWith('Capabilities.'));
  if (capabilities.length === 0 && types.some((type) => type.startsWith('AWS::IAM::'))) {
    throw new Refusal(
      'InsufficientCapabilitiesException',
      'Requires capabilities : [CAPABILITY_IAM]',
    );
  }
  const given = listIn(form, 'Parameters').map(
    ({ ParameterKey = '', ParameterValue, UsePreviousValue }) => {
      const value = UsePreviousValue === 'true' ? stack?.parameters[ParameterKey] : ParameterValue;
      return [ParameterKey, value ?? ''] as const;
    },
  );
  const strange = given.map(([name]) => name).filter((name) => !(name in parsed.Parameters));
  if (strange.length > 0)
    throw refusal(`Parameters: [${strange.join(', ')}] do not exist in the template`);
  const defaults = Object.entries(parsed.Parameters).flatMap(([name, { Default }]) =>
    Default === undefined ? [] : [[name, String(Default)] as const],
  );
  const parameters = Object.fromEntries([...defaults, ...given]);
  const missing = Object.keys(parsed.Parameters).filter((name) => !(name in parameters));
  if (missing.length > 0) throw refusal(`Parameters: [${missing.join(', ')}] must have values`);
  const tags = listIn(form, 'Tags').map(({ Key = '', Value = '' }) => ({ Key, Value }));
  return { template, parameters, tags, wanted: wantedOf(parsed, parameters, tags) };
}

function showChangeSet({ id, name, stack, ...rest }: ChangeSet) {
  return {
    ChangeSetId: id,
    ChangeSetName: name,
    StackId: stack.id,
    StackName: stack.name,
    CreationTime: new Date(),
    Status: rest.status,
    StatusReason: rest.reason,
    ExecutionStatus: rest.executionStatus,
    Parameters: showParameters(rest.parameters),
    Changes: rest.changes.map(({ names, ...change }) => ({
      Type: 'Resource',
      ResourceChange: {
        ...change,
        ...(change.Action !== 'Add' && {
          PhysicalResourceId: stack.made?.ids[change.LogicalResourceId],
        }),
        ...(change.Action === 'Modify' && { Scope: ['Properties'] }),
        Details: names.map((Name) => ({ Target: { Attribute: 'Properties', Name } })),
      },
    })),
  };
}

function showStack({ id, name, status, reason, creationTime, parameters, tags, made }: Stack) {
  const outputs = Object.entries(made?.outputs ?? {}).filter(([key]) => key !== VERSION);
  const isThere = !/^(REVIEW|CREATE)_IN_PROGRESS$/.test(status);
  return {
    StackId: id,
    StackName: name,
    StackStatus: status,
    StackStatusReason: reason,
    CreationTime: creationTime,
    Parameters: showParameters(parameters),
    Tags: tags,
    Outputs: isThere ? outputs.map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue })) : [],
  };
}

function showParameters(parameters: Record<string, string>) {
  return Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
    ParameterKey,
    ParameterValue,
  }));
}
