import { randomUUID } from 'node:crypto';
import type { Change } from './changes.ts';
import type { Tag } from './moto-template.ts';
import type { Made } from './resources.ts';

/** A stack, as CloudFormation stores it. */
export interface Stack {
  id: string;
  name: string;
  status: string;
  reason?: string;
  creationTime: Date;
  parameters: Record<string, string>;
  tags: Tag[];
  template: string;
  /** What there is of it; null before there is anything. */
  made: Made | null;
  /** Newest first. */
  events: Event[];
  /** What is still to come, one at each look. */
  ahead: (() => void)[];
}

/** What has happened to a stack or one of its resources. */
export interface Event {
  StackId: string;
  StackName: string;
  EventId: string;
  LogicalResourceId: string;
  PhysicalResourceId: string;
  ResourceType: string;
  Timestamp: Date;
  ResourceStatus: string;
  ResourceStatusReason?: string;
}

/** What goes wrong with a resource, and what AWS says of it. */
export interface Fault {
  resource: string;
  reason: string;
}

type Verb = 'CREATE' | 'UPDATE' | 'DELETE';

/** Begins a stack's life, or another one. */
export function openStack(accountId: string, name: string): Stack {
  return {
    id: `arn:aws:cloudformation:us-east-1:${accountId}:stack/${name}/${randomUUID()}`,
    name,
    status: 'REVIEW_IN_PROGRESS',
    creationTime: new Date(),
    parameters: {},
    tags: [],
    template: '',
    made: null,
    events: [],
    ahead: [],
  };
}

/** Whether it has been removed. */
export function isGone({ status }: Stack): boolean {
  return status === 'DELETE_COMPLETE';
}

/** Finds a stack by its name, or, even when it is gone, by its ARN. */
export function findStack(stacks: Stack[], key = ''): Stack | undefined {
  return stacks.find((each) => each.id === key || (each.name === key && !isGone(each)));
}

/** Says its parameters as AWS does. */
export function showParameters(parameters: Record<string, string>) {
  return Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
    ParameterKey,
    ParameterValue,
  }));
}

/** Lets a stack do something: half of its resources are done at the first look, the others at the second. */
export function plan(stack: Stack, verb: Verb, changes: Change[], before: Made | null): void {
  enter(stack, `${verb}_IN_PROGRESS`, 'User Initiated');
  for (const change of changes) tellOf(stack, change, 'IN_PROGRESS', before);
  const half = Math.ceil(changes.length / 2);
  const end = (some: Change[]) => some.forEach((each) => tellOf(stack, each, 'COMPLETE', before));
  stack.ahead = [
    () => end(changes.slice(0, half)),
    () => {
      end(changes.slice(half));
      enter(stack, `${verb}_COMPLETE`);
    },
  ];
}

/** Lets it fail, and go back. */
export function planFault(stack: Stack, verb: Verb, changes: Change[], fault: Fault): void {
  enter(stack, `${verb}_IN_PROGRESS`, 'User Initiated');
  for (const change of changes) tellOf(stack, change, 'IN_PROGRESS', null);
  const which = verb === 'DELETE' ? 'delete' : verb === 'UPDATE' ? 'update' : 'create';
  const reason = `The following resource(s) failed to ${which}: [${fault.resource}]. `;
  const failed = changes.find(({ LogicalResourceId }) => LogicalResourceId === fault.resource);
  stack.ahead = [
    () => {
      for (const change of changes) {
        const own =
          change === failed
            ? fault.reason
            : `Resource ${which === 'create' ? 'creation' : which} cancelled`;
        if (change === failed || verb !== 'DELETE') tellOf(stack, change, 'FAILED', null, own);
      }
      if (verb === 'DELETE') enter(stack, 'DELETE_FAILED', reason);
      else
        enter(
          stack,
          verb === 'UPDATE' ? 'UPDATE_ROLLBACK_IN_PROGRESS' : 'ROLLBACK_IN_PROGRESS',
          reason,
        );
    },
    () => {
      if (verb === 'DELETE') return;
      enter(stack, verb === 'UPDATE' ? 'UPDATE_ROLLBACK_COMPLETE' : 'ROLLBACK_COMPLETE');
    },
  ];
}

/** Sets a status, and adds an event of it. */
export function enter(stack: Stack, status: string, reason?: string): void {
  stack.status = status;
  if (reason === undefined || status.endsWith('_COMPLETE')) delete stack.reason;
  else stack.reason = reason;
  tell(stack, stack.name, stack.id, 'AWS::CloudFormation::Stack', status, reason);
}

const VERBS = { Add: 'CREATE', Modify: 'UPDATE', Remove: 'DELETE' };

function tellOf(stack: Stack, change: Change, state: string, before: Made | null, reason?: string) {
  const { Action, LogicalResourceId: name, ResourceType } = change;
  const id = (Action === 'Remove' ? before : stack.made)?.ids[name] ?? '';
  tell(stack, name, id, ResourceType, `${VERBS[Action]}_${state}`, reason);
}

function tell(
  stack: Stack,
  name: string,
  id: string,
  type: string,
  status: string,
  reason?: string,
) {
  stack.events.unshift({
    StackId: stack.id,
    StackName: stack.name,
    EventId: randomUUID(),
    LogicalResourceId: name,
    PhysicalResourceId: id,
    ResourceType: type,
    Timestamp: new Date(),
    ResourceStatus: status,
    ...(reason !== undefined && { ResourceStatusReason: reason }),
  });
}
