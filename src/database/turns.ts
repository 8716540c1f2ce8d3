import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Creates a queue that does one work after the other. A work that takes longer than `holdMaxMs`, on a
 * connection that hangs for one, lets the next begin.
 */
export function createTurns(
  holdMaxMs: number,
): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let turn: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = turn.then(work);
    const isDone = result.catch(() => undefined);
    turn = turn.then(() => Promise.race([isDone, sleep(holdMaxMs, undefined, { ref: false })]));
    return result;
  };
}
