import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OperatorError } from '../../../src/errors.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import type { Fault } from '../../support/fake-ec2/server.ts';
import { countRequestsAsTime } from './clock.ts';
import type { Point } from './parts.ts';
import { makeWorld, type World } from './world.ts';

const REFUSED = { code: 'UnauthorizedOperation', status: 403 };
const BUSY = { code: 'RequestLimitExceeded', status: 503, times: 2 };
const BROKEN = { code: 'InternalError', status: 500, times: 2 };

/** How a run ends, in its one message; `done` when it succeeds. */
async function outcomeOf(world: World): Promise<string> {
  try {
    await run(world.parts, { keep: false });
    return 'done';
  } catch (error) {
    return error instanceof OperatorError ? error.message : `not for operators: ${String(error)}`;
  }
}

function expectNothingLeft({ aws, parts, volumeId }: World, snapshots: number): void {
  expect(aws.account.billing()).toEqual([]);
  expect(aws.account.volumes.map(({ id }) => id)).toEqual([volumeId]);
  expect(aws.account.snapshots).toHaveLength(snapshots);
  expect(existsSync(join(parts.folder, 'state.json'))).toBe(false);
}

test.each([
  ['DescribeVolumes', /Cannot look at the volume vol-\w+: AWS says UnauthorizedOperation: .*IAM/],
  ['DescribeImages', /Cannot look at the image/],
  ['RunInstances', /Cannot start a t3.large \(on-demand\)/],
  ['GetConsoleOutput', /Cannot read the console of i-/],
  ['AttachVolume', /Cannot attach vol-\w+ to i-/],
])('%s is refused: that is said, and everything undone', async (action, message) => {
  const world = await makeWorld();
  world.aws.fail(action, REFUSED);
  expect(await outcomeOf(world)).toMatch(message);
  expectNothingLeft(world, 0);
});

const wayIn: Point[] = ['connect', 'mount', 'start-mysql', 'work'];

test.each(wayIn)('%s fails on the instance: that is said, and everything undone', async (point) => {
  const world = await makeWorld();
  world.at[point] = () => {
    throw new OperatorError(`No ${point} today.`);
  };
  expect(await outcomeOf(world)).toBe(`No ${point} today.`);
  expect(world.lines.join('\n')).toContain(`No ${point} today.`);
  expectNothingLeft(world, 0);
});

test('MySQL is the first to notice that the connection is lost: that is said all the same', async () => {
  const world = await makeWorld();
  const { connect } = world.parts.machine;
  const lose = () => Promise.reject(new OperatorError('The connection is lost.'));
  world.parts.machine.connect = async (...how) => ({ ...(await connect(...how)), run: lose });
  world.at.work = () => {
    throw new OperatorError('The warehouse failed: ECONNRESET');
  };
  expect(await outcomeOf(world)).toBe('The connection is lost.');
  expectNothingLeft(world, 0);
});

const wayOut: [Point, RegExp][] = [
  ['stop-mysql', /MySQL could not be stopped in order; it recovers .*: The connection is lost/],
  ['unmount', /The volume could not be unmounted; .*: The connection is lost/],
  ['power-off', /The instance could not be shut down; it is terminated: The connection is lost/],
  ['close', /The connection could not be closed: The connection is lost/],
];

test.each(wayOut)('%s fails on the way out: the rest is undone', async (point, warning) => {
  const world = await makeWorld();
  world.at[point] = () => {
    throw new OperatorError('The connection is lost.');
  };
  expect(await outcomeOf(world)).toBe('done');
  expect(world.lines.join('\n')).toMatch(warning);
  expectNothingLeft(world, 1);
});

test('whatever hangs on the way out is left to the end of the instance', async () => {
  const world = await makeWorld();
  world.parts.pace = { ...world.parts.pace, tidyMaxMs: 50 };
  world.parts.machine.stopMysql = () => new Promise(() => undefined);
  expect(await outcomeOf(world)).toBe('done');
  expect(world.lines.join('\n')).toMatch(/MySQL could not be stopped in order/);
  expectNothingLeft(world, 1);
});

test.each(['DetachVolume', 'CreateSnapshot'])(
  '%s is refused once: it is done later',
  async (action) => {
    const world = await makeWorld();
    world.aws.fail(action, REFUSED);
    expect(await outcomeOf(world)).toBe('done');
    expectNothingLeft(world, 1);
  },
);

test('a volume that the system does not let go is free when the instance has ended', async () => {
  const world = await makeWorld();
  world.parts.pace = { ...world.parts.pace, tidyMaxMs: 100 };
  for (const volume of world.aws.account.volumes) volume.isHeld = true;
  expect(await outcomeOf(world)).toBe('done');
  expect(world.lines.join('\n')).toMatch(/could not be detached/);
  expectNothingLeft(world, 1);
});

const everywhere = [
  'DescribeVolumes',
  'RunInstances',
  'DescribeInstances',
  'GetConsoleOutput',
  'AttachVolume',
  'DetachVolume',
  'CreateSnapshot',
  'DescribeSnapshots',
  'TerminateInstances',
];
const passing = everywhere.flatMap((action): [string, string, Partial<Fault>][] => [
  [action, 'is answered with 5xx', BROKEN],
  [action, 'loses its answer', { kind: 'lost' }],
]);

test.each([
  ...passing,
  ['RunInstances', 'is throttled', BUSY] as const,
  ['DescribeInstances', 'is not answered', { kind: 'hang' }] as const,
  [
    'RunInstances',
    'has no capacity',
    { code: 'InsufficientInstanceCapacity', status: 500, times: 7 },
  ] as const,
  ['RunInstances', 'is lost for longer', { kind: 'lost', times: 7 }] as const,
])('%s %s: the run goes on, with one instance', async (action, _, fault) => {
  const world = await makeWorld();
  countRequestsAsTime(world);
  world.parts.pace = { ...world.parts.pace, lostMaxMs: 400 };
  world.aws.fail(action, fault);
  expect(await outcomeOf(world)).toBe('done');
  expect(world.aws.account.instances).toHaveLength(1);
  expectNothingLeft(world, 1);
});

test('AWS has no capacity for long: that is said, with what to try', async () => {
  const world = await makeWorld();
  world.parts.pace = { ...world.parts.pace, waitMaxMs: 300 };
  world.aws.fail('RunInstances', { ...BROKEN, code: 'InsufficientInstanceCapacity', times: 1000 });
  expect(await outcomeOf(world)).toMatch(
    /A t3.large \(on-demand\) in us-east-1a: still InsufficientInstanceCapacity after .*WAREHOUSE_INSTANCE_TYPE/,
  );
  expectNothingLeft(world, 0);
});

test('an instance that AWS started, but never told of, is found by its tag', async () => {
  const world = await makeWorld();
  countRequestsAsTime(world);
  world.parts.pace = { ...world.parts.pace, waitMaxMs: 1000 };
  world.aws.account.looksUnseen = 2;
  world.aws.fail('RunInstances', { kind: 'lost', times: 1000 });
  expect(await outcomeOf(world)).toMatch(/AWS cannot be reached/);
  expect(world.aws.account.instances).toHaveLength(1);
  expectNothingLeft(world, 0);
});

test('a refusal of what was asked again says nothing of an instance that AWS may have started', async () => {
  const world = await makeWorld();
  world.aws.account.looksUnseen = 2;
  let asked = 0;
  world.aws.before('RunInstances', () => {
    asked += 1;
    world.aws.fail('RunInstances', asked === 1 ? { kind: 'lost' } : REFUSED);
  });
  expect(await outcomeOf(world)).toMatch(/Cannot start a t3.large/);
  expect(asked).toBe(2);
  expect(world.aws.account.instances).toHaveLength(1);
  expectNothingLeft(world, 0);
});

test('AWS cannot be reached for long on the way out: the instance is ended all the same', async () => {
  const world = await makeWorld();
  world.parts.pace = { ...world.parts.pace, lostMaxMs: 20 };
  world.at.close = () => {
    // each is asked for six times
    world.aws.fail('DescribeInstances', { ...BROKEN, times: 13 });
    expect(world.aws.account.billing()).not.toEqual([]);
  };
  // else nobody would have to terminate it
  world.at['power-off'] = () => undefined;
  expect(await outcomeOf(world)).toBe('done');
  expectNothingLeft(world, 1);
});

test('a volume that is still mounted is not taken from the instance, but freed by its end', async () => {
  const world = await makeWorld();
  world.at.unmount = () => {
    throw new OperatorError('It is in use.');
  };
  expect(await outcomeOf(world)).toBe('done');
  expect(world.aws.asked).not.toContain('DetachVolume');
  expectNothingLeft(world, 1);
});

test('a step that does not hear that it is to stop keeps nothing from being undone', async () => {
  const world = await makeWorld();
  world.parts.pace = { ...world.parts.pace, stopMaxMs: 20 };
  const late = Promise.withResolvers<Record<string, string>>();
  world.parts.work = () => {
    world.stop(new OperatorError('Stopped.'));
    return late.promise;
  };
  expect(await outcomeOf(world)).toBe('Stopped.');
  expectNothingLeft(world, 0);
  late.resolve({ 'minitwit:rows-message': '42' });
  await late.promise;
  expect(existsSync(join(world.parts.folder, 'state.json'))).toBe(false);
});

test('an instance that ends while it starts: AWS says why', async () => {
  const world = await makeWorld();
  world.aws.before('DescribeInstances', () => {
    for (const instance of world.aws.account.instances) {
      if (instance.states.length === 2) instance.states = ['pending', 'terminated'];
    }
  });
  expect(await outcomeOf(world)).toMatch(/i-\w+ is terminated in place of running: Client\.\w+/);
  expectNothingLeft(world, 0);
});

test('a disk that is full: that is said, and everything undone', async () => {
  const world = await makeWorld();
  world.at.mount = () => mkdirSync(join(world.parts.folder, 'state.json.new'));
  expect(await outcomeOf(world)).toMatch(/state\.json cannot be written: /);
  expectNothingLeft(world, 0);
});

test('credentials that expire do not keep the instance up: it is told to end over ssh', async () => {
  const world = await makeWorld();
  world.at.work = () => world.aws.expireCredentials();
  expect(await outcomeOf(world)).toMatch(/RequestExpired/);
  expect(world.passed.slice(-4)).toEqual(['stop-mysql', 'unmount', 'power-off', 'close']);
  expect(world.aws.account.billing()).toEqual([]);
  expect(world.aws.account.volumes).toMatchObject([{ id: world.volumeId, attachment: null }]);
});

test('what cannot be undone is said exactly, with how to remove it', async () => {
  const world = await makeWorld();
  world.at.work = () => world.aws.expireCredentials();
  const message = await outcomeOf(world);
  const [instance] = world.aws.account.instances;
  const said = world.lines.findIndex((line) =>
    line.includes(`exist: the instance ${instance?.id}`),
  );
  expect(said).toBeGreaterThan(0);
  expect(said).toBeLessThan(world.lines.findIndex((line) => line.includes('exist: vol-')));
  expect(message).toMatch(/Not everything could be undone:\n.*RequestExpired.*log in again/);
  expect(message).toContain('This may still exist:');
  expect(message).toMatch(
    new RegExp(
      `the instance ${instance?.id}, which costs \\(it ends by itself at .*\\): aws ec2 terminate-instances --instance-ids ${instance?.id}`,
    ),
  );
  expect(message).toMatch(/no snapshot of that: aws ec2 create-snapshot --volume-id vol-/);
  expect(existsSync(join(world.parts.folder, 'state.json'))).toBe(true);
});
