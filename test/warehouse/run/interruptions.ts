import { OperatorError } from '../../../src/errors/operator-error.ts';
import type { Fault } from '../../support/fake-ec2/fake-ec2.ts';
import { onceAt } from './request-points.ts';
import type { Point } from './fake-context.ts';
import type { RunFixture } from './fixture.ts';

/** The reason with which an interrupted command is stopped. */
export const STOPPED = new OperatorError('Stopped by SIGINT.');

const FAULTS = {
  // AWS does nothing.
  refused: { code: 'UnauthorizedOperation', status: 403 },
  // AWS does what it was asked for, and its answer is lost: once, or as long as the interruption lasts.
  lost: { kind: 'lost' },
  unanswered: { kind: 'lost', times: 1000 },
} satisfies Record<string, Partial<Fault>>;

/** How a command is interrupted: by a fault, or by its operator. */
export type Way = keyof typeof FAULTS | 'stopped';

/**
 * The ways in which an event can be interrupted; an event is an action of AWS's, or a point on the instance. What
 * only reads makes nothing, so that it does not matter which of its answers is lost.
 */
export function waysOf(event: string): Way[] {
  const isRead = /^(Describe|Get)/.test(event);
  return isPoint(event) || isRead
    ? ['refused', 'stopped']
    : ['refused', 'lost', 'unanswered', 'stopped'];
}

/** Interrupts the next such event; gives what ends the interruption. */
export function interrupt(fixture: RunFixture, event: string, way: Way): () => void {
  const { aws, at } = fixture;
  if (way === 'stopped') {
    onceAt(fixture, event, () => fixture.stop(STOPPED));
    return () => undefined;
  }
  if (!isPoint(event)) {
    aws.fail(event, FAULTS[way]);
    return () => aws.clearFault(event);
  }
  const usual = at[event];
  at[event] = () => {
    throw new OperatorError(`The instance refuses: UnauthorizedOperation at ${event}.`);
  };
  return () => Object.assign(at, { [event]: usual });
}

/** Everything that a command does in AWS or on the instance while `act` runs, each once. */
export async function listEvents(
  { aws, passed }: RunFixture,
  act: () => Promise<void>,
): Promise<string[]> {
  const [asked, points] = [aws.actions.length, passed.length];
  await act();
  return [...new Set([...aws.actions.slice(asked), ...passed.slice(points)])];
}

/** How something ends: `done`, or with its message for the operator. */
export async function outcomeOf(command: Promise<void>): Promise<string> {
  try {
    await command;
    return 'done';
  } catch (error) {
    return error instanceof OperatorError ? error.message : `not for operators: ${String(error)}`;
  }
}

function isPoint(event: string): event is Point {
  return /^[a-z]/.test(event);
}
