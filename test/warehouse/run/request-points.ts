import { expect } from 'vitest';
import type { Point } from './fake-context.ts';
import type { RunFixture } from './fixture.ts';

/** Calls something once, as soon as a run comes to a moment. */
export function onceAt({ aws, at }: RunFixture, moment: string, call: () => void): void {
  let isOver = false;
  const callOnce = () => {
    if (!isOver) call();
    isOver = true;
  };
  aws.onRequest(moment, callOnce);
  at[moment as Point] = callOnce;
}

/** Expects that the account holds nothing that costs but the volume and its snapshots. */
export function expectNothingLeft({ aws, volumeId }: RunFixture, when = ''): void {
  expect(aws.account.listBillable(), when).toEqual([]);
  expect(
    aws.account.volumes.map(({ id }) => id),
    when,
  ).toEqual([volumeId]);
}
