import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OperatorError } from '../../../src/errors/operator-error.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import type { Fault } from '../../support/fake-ec2/fake-ec2.ts';
import { outcomeOf } from './interruptions.ts';
import { expectNothingLeft } from './request-points.ts';
import type { Point } from './fake-context.ts';
import { createRunFixture, type RunFixture } from './fixture.ts';

// The tests in steps/ interrupt each step. These tests run all steps: they show that the operator reads a failure, and
// what happens after failures that affect several steps.

const REFUSED = { code: 'UnauthorizedOperation', status: 403 };
const BROKEN = { code: 'InternalError', status: 500, times: 2 };

/** Runs, and expects this number of snapshots afterwards, and no other resource. Returns the outcome of the run. */
async function runToEnd(fixture: RunFixture, snapshots: number): Promise<string> {
  const outcome = await outcomeOf(run(fixture.context, { keep: false }));
  expectNothingLeft(fixture);
  expect(fixture.aws.account.snapshots).toHaveLength(snapshots);
  expect(existsSync(join(fixture.context.folder, 'state.json'))).toBe(false);
  return outcome;
}

/** Makes an operation on the instance fail. */
function failAt({ at }: RunFixture, point: Point, message: string): void {
  at[point] = () => {
    throw new OperatorError(message);
  };
}

test.each([
  ['DescribeImages', /^Cannot read the image ami-\w+: AWS returned UnauthorizedOperation: .*IAM/],
  ['AttachVolume', /^Cannot attach vol-\w+ to i-\w+: AWS returned UnauthorizedOperation: .*IAM/],
])('the run ends with the error of AWS when %s is refused', async (action, message) => {
  const fixture = await createRunFixture();
  fixture.aws.fail(action, REFUSED);
  expect(await runToEnd(fixture, 0)).toMatch(message);
});

test('the run ends with the message of a failed copy, which is printed before the cleanup', async () => {
  const fixture = await createRunFixture();
  failAt(fixture, 'copy', 'The copy failed.');
  expect(await runToEnd(fixture, 0)).toBe('The copy failed.');
  expect(fixture.lines.join('\n')).toMatch(/The copy failed\.\n.*Stopping MySQL/);
});

test('a lost connection is reported even when the MySQL client fails first', async () => {
  const fixture = await createRunFixture();
  const { connect } = fixture.context.operations;
  const lose = () => Promise.reject(new OperatorError('The connection is lost.'));
  fixture.context.operations.connect = async (...parameters) => ({
    ...(await connect(...parameters)),
    run: lose,
  });
  failAt(fixture, 'copy', 'The warehouse failed: ECONNRESET');
  expect(await runToEnd(fixture, 0)).toBe('The connection is lost.');
});

test('each cleanup action that fails on the instance is reported, and the other steps are undone', async () => {
  const fixture = await createRunFixture();
  const points = ['stop-mysql', 'unmount', 'power-off', 'close'] as const;
  for (const point of points) failAt(fixture, point, 'It is in use.');
  expect(await runToEnd(fixture, 1)).toBe('done');
  const output = fixture.lines.join('\n');
  expect(output).toMatch(/MySQL could not be stopped cleanly\. .*: It is in use\./);
  expect(output).toMatch(/The volume could not be unmounted\. .*: It is in use\./);
  expect(output).toMatch(/The instance could not be shut down\. .*: It is in use\./);
  expect(output).toMatch(/The connection could not be closed: It is in use\./);
  // To detach a mounted volume would lose data.
  expect(fixture.aws.actions).not.toContain('DetachVolume');
});

test('a cleanup action that hangs is abandoned after its timeout, and the run ends', async () => {
  const fixture = await createRunFixture();
  fixture.context.timing = { ...fixture.context.timing, bestEffortTimeoutMs: 50 };
  fixture.context.operations.stopMysql = () => new Promise(() => undefined);
  expect(await runToEnd(fixture, 1)).toBe('done');
  expect(fixture.lines.join('\n')).toMatch(/MySQL could not be stopped cleanly/);
});

test('a volume that cannot be detached is free after the instance has ended', async () => {
  const fixture = await createRunFixture();
  fixture.context.timing = { ...fixture.context.timing, bestEffortTimeoutMs: 100 };
  for (const volume of fixture.aws.account.volumes) volume.isDetachBusy = true;
  // The instance does not shut down before it is terminated.
  delete fixture.at['power-off'];
  expect(await runToEnd(fixture, 1)).toBe('done');
  expect(fixture.lines.join('\n')).toMatch(/could not be detached/);
  // An earlier snapshot would lack the data that is not written yet.
  const { actions } = fixture.aws;
  const ends = actions.filter((action) => /^(TerminateInstances|CreateSnapshot)$/.test(action));
  expect(ends).toEqual(['TerminateInstances', 'CreateSnapshot']);
});

test.each<[string, string, Partial<Fault>]>([
  // The client sends a request six times by itself.
  ['RunInstances', 'loses seven responses', { kind: 'lost', times: 7 }],
  [
    'RunInstances',
    'has no capacity at first',
    { ...BROKEN, code: 'InsufficientInstanceCapacity', times: 7 },
  ],
  // The client sends it once, since AWS would take another snapshot each time.
  ['CreateSnapshot', 'fails', BROKEN],
])('a run in which %s %s has one instance and one snapshot', async (action, _, fault) => {
  const fixture = await createRunFixture();
  fixture.context.timing = { ...fixture.context.timing, visibilityTimeoutMs: 400 };
  fixture.aws.fail(action, fault);
  expect(await runToEnd(fixture, 1)).toBe('done');
  expect(fixture.aws.account.instances).toHaveLength(1);
});

test('the message suggests another instance type when AWS has no capacity', async () => {
  const fixture = await createRunFixture();
  fixture.context.timing = { ...fixture.context.timing, waitMaxMs: 300 };
  fixture.aws.fail('RunInstances', {
    ...BROKEN,
    code: 'InsufficientInstanceCapacity',
    times: 1000,
  });
  expect(await runToEnd(fixture, 0)).toMatch(
    /A t3.large \(on-demand\) in us-east-1a: still InsufficientInstanceCapacity after .*WAREHOUSE_INSTANCE_TYPE/,
  );
});

// The client sends the request six times. After that, the run sends it again.
test.each([1, 6])(
  'a run terminates the instance that AWS started when RunInstances is refused after %i lost responses',
  async (lost) => {
    const fixture = await createRunFixture();
    fixture.aws.account.hiddenPollsOfNew = 2;
    let requests = 0;
    fixture.aws.onRequest('RunInstances', () => {
      requests += 1;
      fixture.aws.fail('RunInstances', requests <= lost ? { kind: 'lost' } : REFUSED);
    });
    expect(await runToEnd(fixture, 0)).toMatch(/Cannot launch a t3.large/);
    expect(requests).toBe(lost + 1);
    expect(fixture.aws.account.instances).toHaveLength(1);
  },
);

test('the run ends with the reason of AWS when the instance ends before it runs', async () => {
  const fixture = await createRunFixture();
  fixture.aws.onRequest('DescribeInstances', () => {
    for (const instance of fixture.aws.account.instances) {
      if (instance.states.length === 2) instance.states = ['pending', 'terminated'];
    }
  });
  expect(await runToEnd(fixture, 0)).toMatch(/i-\w+ is terminated instead of running: Client\.\w+/);
});

test('the instance is terminated even when AWS cannot be reached at first during the cleanup', async () => {
  const fixture = await createRunFixture();
  fixture.context.timing = { ...fixture.context.timing, visibilityTimeoutMs: 20 };
  fixture.at.close = () => {
    // The client sends each request six times.
    fixture.aws.fail('DescribeInstances', { ...BROKEN, times: 13 });
    expect(fixture.aws.account.listBillable()).not.toEqual([]);
  };
  // Otherwise, the instance would end without a request.
  fixture.at['power-off'] = () => undefined;
  expect(await runToEnd(fixture, 1)).toBe('done');
});

test('all steps are undone when the state file cannot be written', async () => {
  const fixture = await createRunFixture();
  fixture.at.mount = () => mkdirSync(join(fixture.context.folder, 'state.json.new'));
  expect(await runToEnd(fixture, 0)).toMatch(/state\.json cannot be written: /);
});
