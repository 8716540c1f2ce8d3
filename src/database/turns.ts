import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Creates a queue that runs one task after the other (a mutex). If a task takes longer than `holdMaxMs`, for example on a
 * connection that hangs, the next one starts beside it.
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
