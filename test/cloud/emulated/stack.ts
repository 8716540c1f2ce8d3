import { randomUUID } from 'node:crypto';
import type { Change } from './changes.ts';
import type { Tag } from './moto-template.ts';
import type { ExistingResources, Fault } from './resources.ts';

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
  /** Whether the termination protection is enabled. */
  isProtected: boolean;
  /** The existing resources. Null before the first one. */
  existing: ExistingResources | null;
  /** The events, newest first. */
  events: StackEvent[];
  /** The further changes, one for each poll. */
  ahead: (() => void)[];
}

/** An event of a stack or of one of its resources. */
export interface StackEvent {
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

type Verb = 'CREATE' | 'UPDATE' | 'DELETE';

/** Creates a stack, or creates it again. */
export function createStack(accountId: string, name: string): Stack {
  return {
    id: `arn:aws:cloudformation:us-east-1:${accountId}:stack/${name}/${randomUUID()}`,
    name,
    status: 'REVIEW_IN_PROGRESS',
    creationTime: new Date(),
    parameters: {},
    tags: [],
    template: '',
    isProtected: false,
    existing: null,
    events: [],
    ahead: [],
  };
}

/** Returns whether a stack has been deleted. */
export function isDeleted({ status }: Stack): boolean {
  return status === 'DELETE_COMPLETE';
}

/** Finds a stack by its name, or by its ARN, which also finds a deleted one. */
export function findStack(stacks: Stack[], key = ''): Stack | undefined {
  return stacks.find((each) => each.id === key || (each.name === key && !isDeleted(each)));
}

/** Formats a stack's parameters as AWS does. */
export function formatParameters(parameters: Record<string, string>) {
  return Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
    ParameterKey,
    ParameterValue,
  }));
}

/** Starts an operation of a stack. Half of its resources are complete at the first poll, the others at the second. */
export function startOperation(
  stack: Stack,
  verb: Verb,
  changes: Change[],
  before: ExistingResources | null,
): void {
  setStatus(stack, `${verb}_IN_PROGRESS`, 'User Initiated');
  for (const change of changes) addResourceEvent(stack, change, 'IN_PROGRESS', before);
  const half = Math.ceil(changes.length / 2);
  const end = (some: Change[]) =>
    some.forEach((each) => addResourceEvent(stack, each, 'COMPLETE', before));
  stack.ahead = [
    () => end(changes.slice(0, half)),
    () => {
      end(changes.slice(half));
      setStatus(stack, `${verb}_COMPLETE`);
    },
  ];
}

/**
 * Makes an operation fail and roll back.
 * @param undeletable the resource that the rollback of a creation cannot delete
 */
export function startFailingOperation(
  stack: Stack,
  verb: Verb,
  changes: Change[],
  fault: Fault,
  undeletable?: Fault,
): void {
  setStatus(stack, `${verb}_IN_PROGRESS`, 'User Initiated');
  for (const change of changes) addResourceEvent(stack, change, 'IN_PROGRESS', null);
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
        if (change === failed || verb !== 'DELETE')
          addResourceEvent(stack, change, 'FAILED', null, own);
      }
      if (verb === 'DELETE') setStatus(stack, 'DELETE_FAILED', reason);
      else
        setStatus(
          stack,
          verb === 'UPDATE' ? 'UPDATE_ROLLBACK_IN_PROGRESS' : 'ROLLBACK_IN_PROGRESS',
          reason,
        );
    },
    () => {
      if (verb === 'DELETE') return;
      const left = changes.find((it) => it.LogicalResourceId === undeletable?.resource);
      if (left && undeletable) {
        addResourceEvent(stack, { ...left, Action: 'Remove' }, 'FAILED', null, undeletable.reason);
        const names = `[${undeletable.resource}]`;
        return setStatus(
          stack,
          'ROLLBACK_FAILED',
          `The following resource(s) failed to delete: ${names}. `,
        );
      }
      setStatus(stack, verb === 'UPDATE' ? 'UPDATE_ROLLBACK_COMPLETE' : 'ROLLBACK_COMPLETE');
    },
  ];
}

/** Sets a status and adds its event. */
export function setStatus(stack: Stack, status: string, reason?: string): void {
  stack.status = status;
  if (reason === undefined || status.endsWith('_COMPLETE')) delete stack.reason;
  else stack.reason = reason;
  addEvent(stack, stack.name, stack.id, 'AWS::CloudFormation::Stack', status, reason);
}

const VERBS = { Add: 'CREATE', Modify: 'UPDATE', Remove: 'DELETE' };

function addResourceEvent(
  stack: Stack,
  change: Change,
  state: string,
  before: ExistingResources | null,
  reason?: string,
) {
  const { Action, LogicalResourceId: name, ResourceType } = change;
  const id = (Action === 'Remove' ? before : stack.existing)?.ids[name] ?? '';
  addEvent(stack, name, id, ResourceType, `${VERBS[Action]}_${state}`, reason);
}

function addEvent(
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
