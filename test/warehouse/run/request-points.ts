import { expect } from 'vitest';
import type { Point } from './fake-context.ts';
import type { RunFixture } from './fixture.ts';

/** Calls a function once, at the next request of an action, or the next operation on the instance. */
export function onceAt({ aws, at }: RunFixture, event: string, call: () => void): void {
  let isCalled = false;
  const callOnce = () => {
    if (!isCalled) call();
    isCalled = true;
  };
  aws.onRequest(event, callOnce);
  at[event as Point] = callOnce;
}

/** Expects that the account has no billable resources except the volume and its snapshots. */
export function expectNothingLeft({ aws, volumeId }: RunFixture, when = ''): void {
  expect(aws.account.listBillable(), when).toEqual([]);
  expect(
    aws.account.volumes.map(({ id }) => id),
    when,
  ).toEqual([volumeId]);
}
