import { OperatorError } from '../../../src/errors/operator-error.ts';
import type { Fault } from '../../support/fake-ec2/fake-ec2.ts';
import { onceAt } from './request-points.ts';
import type { Point } from './fake-context.ts';
import type { RunFixture } from './fixture.ts';

/** The reason for which a command is stopped. */
export const STOPPED = new OperatorError('Stopped by SIGINT.');

const FAULTS = {
  // AWS refuses the request.
  refused: { code: 'UnauthorizedOperation', status: 403 },
  // AWS fulfils the request, and the response is lost: once, or each time.
  lost: { kind: 'lost' },
  unanswered: { kind: 'lost', times: 1000 },
} satisfies Record<string, Partial<Fault>>;

/** A way to interrupt a command: a fault, or a stop by the operator. */
export type Way = keyof typeof FAULTS | 'stopped';

/**
 * Returns the ways in which an event can be interrupted. An event is an action of AWS, or a point on the instance. A
 * lost response of a read request is not tested, since a read creates nothing.
 */
export function waysOf(event: string): Way[] {
  const isRead = /^(Describe|Get)/.test(event);
  return isPoint(event) || isRead
    ? ['refused', 'stopped']
    : ['refused', 'lost', 'unanswered', 'stopped'];
}

/** Interrupts the next event of this name. Returns a function that ends the interruption. */
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
    throw new OperatorError(`UnauthorizedOperation on the instance, at ${event}.`);
  };
  return () => Object.assign(at, { [event]: usual });
}

/** Lists the distinct events in AWS and on the instance while `act` runs. */
export async function listEvents(
  { aws, passed }: RunFixture,
  act: () => Promise<void>,
): Promise<string[]> {
  const [requests, points] = [aws.actions.length, passed.length];
  await act();
  return [...new Set([...aws.actions.slice(requests), ...passed.slice(points)])];
}

/** Returns `done` when a command succeeds, otherwise the operator's message. */
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
