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

// The tests of steps/ interrupt each step. These are of whole runs: that a failure reaches the operator, and of
// failures that take more than one step.

const REFUSED = { code: 'UnauthorizedOperation', status: 403 };
const BROKEN = { code: 'InternalError', status: 500, times: 2 };

/** Runs, and expects that nothing is left but so many snapshots; gives how the run ends. */
async function runToEnd(fixture: RunFixture, snapshots: number): Promise<string> {
  const outcome = await outcomeOf(run(fixture.context, { keep: false }));
  expectNothingLeft(fixture);
  expect(fixture.aws.account.snapshots).toHaveLength(snapshots);
  expect(existsSync(join(fixture.context.folder, 'state.json'))).toBe(false);
  return outcome;
}

/** Lets an operation on the instance fail. */
function failAt({ at }: RunFixture, point: Point, message: string): void {
  at[point] = () => {
    throw new OperatorError(message);
  };
}

test.each([
  ['DescribeImages', /^Cannot read the image ami-\w+: AWS returned UnauthorizedOperation: .*IAM/],
  ['AttachVolume', /^Cannot attach vol-\w+ to i-\w+: AWS returned UnauthorizedOperation: .*IAM/],
])('when %s is refused, the run ends with what AWS says', async (action, message) => {
  const fixture = await createRunFixture();
  fixture.aws.fail(action, REFUSED);
  expect(await runToEnd(fixture, 0)).toMatch(message);
});

test('when the work fails, the run ends with its message, which is printed at once', async () => {
  const fixture = await createRunFixture();
  failAt(fixture, 'copy', 'No work today.');
  expect(await runToEnd(fixture, 0)).toBe('No work today.');
  const said = fixture.lines.join('\n');
  expect(said).toMatch(/No work today\.\n.*Stopping MySQL/);
});

test('a lost connection is reported also when MySQL is the first to notice', async () => {
  const fixture = await createRunFixture();
  const { connect } = fixture.context.operations;
  const lose = () => Promise.reject(new OperatorError('The connection is lost.'));
  fixture.context.operations.connect = async (...how) => ({
    ...(await connect(...how)),
    run: lose,
  });
  failAt(fixture, 'copy', 'The warehouse failed: ECONNRESET');
  expect(await runToEnd(fixture, 0)).toBe('The connection is lost.');
});

test('whatever cannot be put in order on the instance is reported, and the rest is undone', async () => {
  const fixture = await createRunFixture();
  const points = ['stop-mysql', 'unmount', 'power-off', 'close'] as const;
  for (const point of points) failAt(fixture, point, 'It is in use.');
  expect(await runToEnd(fixture, 1)).toBe('done');
  const said = fixture.lines.join('\n');
  expect(said).toMatch(/MySQL could not be stopped in order; it recovers .*: It is in use\./);
  expect(said).toMatch(/The volume could not be unmounted; .*: It is in use\./);
  expect(said).toMatch(/The instance could not be shut down; it is terminated: It is in use\./);
  expect(said).toMatch(/The connection could not be closed: It is in use\./);
  // It would lose what is not written yet.
  expect(fixture.aws.actions).not.toContain('DetachVolume');
});

test('whatever hangs on the way out is left to the end of the instance', async () => {
  const fixture = await createRunFixture();
  fixture.context.timing = { ...fixture.context.timing, bestEffortTimeoutMs: 50 };
  fixture.context.operations.stopMysql = () => new Promise(() => undefined);
  expect(await runToEnd(fixture, 1)).toBe('done');
  expect(fixture.lines.join('\n')).toMatch(/MySQL could not be stopped in order/);
});

test('a volume that the system does not let go is free when the instance has ended', async () => {
  const fixture = await createRunFixture();
  fixture.context.timing = { ...fixture.context.timing, bestEffortTimeoutMs: 100 };
  for (const volume of fixture.aws.account.volumes) volume.isDetachBusy = true;
  // To shut down takes the instance its time.
  delete fixture.at['power-off'];
  expect(await runToEnd(fixture, 1)).toBe('done');
  expect(fixture.lines.join('\n')).toMatch(/could not be detached/);
  // Until then its snapshot would lack what the system has not written.
  const { actions } = fixture.aws;
  const ends = actions.filter((action) => /^(TerminateInstances|CreateSnapshot)$/.test(action));
  expect(ends).toEqual(['TerminateInstances', 'CreateSnapshot']);
});

test.each<[string, string, Partial<Fault>]>([
  // The client sends a request six times by itself.
  ['RunInstances', 'is not answered for longer', { kind: 'lost', times: 7 }],
  [
    'RunInstances',
    'has no capacity for a while',
    { ...BROKEN, code: 'InsufficientInstanceCapacity', times: 7 },
  ],
  // The client sends it once, since AWS would take another snapshot each time.
  ['CreateSnapshot', 'fails', BROKEN],
])('%s %s: the run goes on, with one instance and one snapshot', async (action, _, fault) => {
  const fixture = await createRunFixture();
  fixture.context.timing = { ...fixture.context.timing, visibilityTimeoutMs: 400 };
  fixture.aws.fail(action, fault);
  expect(await runToEnd(fixture, 1)).toBe('done');
  expect(fixture.aws.account.instances).toHaveLength(1);
});

test('when AWS has no capacity for long, the operator reads what else to try', async () => {
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

// The client repeats it five times, and the run after that.
test.each([1, 6])(
  'a refusal of RunInstances after %i lost answers does not hide the instance that AWS started',
  async (lost) => {
    const fixture = await createRunFixture();
    fixture.aws.account.hiddenPollsOfNew = 2;
    let asked = 0;
    fixture.aws.onRequest('RunInstances', () => {
      asked += 1;
      fixture.aws.fail('RunInstances', asked <= lost ? { kind: 'lost' } : REFUSED);
    });
    expect(await runToEnd(fixture, 0)).toMatch(/Cannot launch a t3.large/);
    expect(asked).toBe(lost + 1);
    expect(fixture.aws.account.instances).toHaveLength(1);
  },
);

test('an instance that ends while it starts: the run ends with what AWS says of it', async () => {
  const fixture = await createRunFixture();
  fixture.aws.onRequest('DescribeInstances', () => {
    for (const instance of fixture.aws.account.instances) {
      if (instance.states.length === 2) instance.states = ['pending', 'terminated'];
    }
  });
  expect(await runToEnd(fixture, 0)).toMatch(
    /i-\w+ is terminated in place of running: Client\.\w+/,
  );
});

test('when AWS cannot be reached for long on the way out, the instance is ended all the same', async () => {
  const fixture = await createRunFixture();
  fixture.context.timing = { ...fixture.context.timing, visibilityTimeoutMs: 20 };
  fixture.at.close = () => {
    // The client sends each request six times.
    fixture.aws.fail('DescribeInstances', { ...BROKEN, times: 13 });
    expect(fixture.aws.account.listBillable()).not.toEqual([]);
  };
  // It would end by itself.
  fixture.at['power-off'] = () => undefined;
  expect(await runToEnd(fixture, 1)).toBe('done');
});

test('when the disk is full, the operator reads it, and everything is undone', async () => {
  const fixture = await createRunFixture();
  fixture.at.mount = () => mkdirSync(join(fixture.context.folder, 'state.json.new'));
  expect(await runToEnd(fixture, 0)).toMatch(/state\.json cannot be written: /);
});
