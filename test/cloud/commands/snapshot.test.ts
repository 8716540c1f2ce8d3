import { expect, test } from 'vitest';
import { takeSnapshot } from '../../../src/cloud/commands/snapshot.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import { Refusal, answerActions } from '../emulated/query.ts';
import { openStubStack, type StubStack } from '../stack/stub-stack.ts';
import { createSiteStack } from '../stack/site-stack.ts';

interface Snapshot {
  id: string;
  status: string;
  /** The number of polls after which the snapshot is available. */
  polls: number;
  tag: string;
}

/** Creates a stack whose database can have snapshots. A new snapshot is available after this number of polls. */
async function openWithSnapshots(polls = 1) {
  const stubStack = await openStubStack();
  const snapshots: Snapshot[] = [];
  answerActions(stubStack.aws, 'rds', {
    CreateDBSnapshot: ({ DBSnapshotIdentifier: id = '', ...form }) => {
      if (snapshots.some((it) => it.id === id)) throw new Refusal('DBSnapshotAlreadyExists', id);
      const tag = form['Tags.Tag.1.Value'] ?? '';
      snapshots.push({ id, status: 'creating', polls, tag });
      return {};
    },
    DescribeDBSnapshots: ({ DBSnapshotIdentifier: id }) => {
      const found = snapshots.filter((it) => id === undefined || it.id === id);
      for (const it of found) if (id && it.polls-- <= 0) it.status = 'available';
      // This emulation returns one snapshot at most.
      return { DBSnapshots: found.length > 0 ? { DBSnapshot: describe(found.at(-1)) } : {} };
    },
  });
  await createSiteStack(stubStack);
  const take = (dryRun = false) =>
    takeSnapshot(stubStack.open(), { dryRun }).then(() => 'done', errorMessage);
  return { stubStack, snapshots, take };
}

function describe(snapshot: Snapshot | undefined) {
  return {
    DBSnapshotIdentifier: snapshot?.id,
    DBInstanceIdentifier: 'database-1',
    Status: snapshot?.status,
    PercentProgress: 50,
    Engine: 'mysql',
    AllocatedStorage: 20,
    TagList: { Tag: { Key: 'minitwit:stack', Value: snapshot?.tag } },
  };
}

const count = ({ aws }: StubStack, action: string) =>
  aws.actions.filter((it) => it === action).length;

test('`cloud snapshot` waits until the database can take a snapshot, watches it, and prints its name', async () => {
  const { stubStack, snapshots, take } = await openWithSnapshots();
  stubStack.aws.fail('rds:CreateDBSnapshot', 'InvalidDBInstanceState', { status: 400, times: 1 });
  expect(await take()).toBe('done');
  expect(snapshots).toEqual([
    {
      id: expect.stringMatching(/^minitwit-\d{8}t\d{6}z-[0-9a-f]{4}$/),
      status: 'available',
      polls: -1,
      tag: 'minitwit',
    },
  ]);
  const [{ id } = { id: '' }] = snapshots;
  expect(stubStack.lines).toEqual([
    `Taking the snapshot ${id} of database-1 …`,
    'The database database-1: not ready for a snapshot yet',
    `The snapshot ${id}: creating, 50 %`,
    `The snapshot ${id} is complete. The storage of its database has 20 GiB.`,
    `To restore it: npm run cloud -- restore ${id}`,
  ]);
});

test('`cloud snapshot --dry-run` creates no snapshot', async () => {
  const { stubStack, snapshots, take } = await openWithSnapshots();
  expect(await take(true)).toBe('done');
  expect(snapshots).toEqual([]);
  expect(stubStack.lines).toEqual(['This would take a snapshot of database-1.']);
});

test('a snapshot is created once when the response to its creation is lost', async () => {
  const { stubStack, snapshots, take } = await openWithSnapshots();
  stubStack.aws.loseResponse('rds:CreateDBSnapshot');
  expect(await take()).toBe('done');
  expect(count(stubStack, 'rds:CreateDBSnapshot')).toBe(2);
  expect(snapshots).toHaveLength(1);
});

test('`cloud snapshot` that is stopped at any request continues with the same snapshot when it is run again', async () => {
  const requests = [
    'cloudformation:DescribeStacks',
    'rds:DescribeDBSnapshots',
    'rds:CreateDBSnapshot',
    'rds:DescribeDBSnapshots',
  ];
  for (const [index, action] of requests.entries()) {
    const { stubStack, snapshots, take } = await openWithSnapshots(5);
    stubStack.aws.onRequest = () => {
      if (stubStack.aws.actions.length === index + 1) stubStack.stop();
    };
    const outcome = await take();
    stubStack.aws.onRequest = () => undefined;
    expect(stubStack.aws.actions[index]).toBe(action);
    expect(outcome, `${index}: ${action}`).toBe(
      index < 2
        ? 'Stopped by SIGINT.'
        : 'Stopped by SIGINT. AWS continues a snapshot in progress. Run the same command again to wait for it.',
    );
    expect(stubStack.aws.actions.slice(index + 1), action).not.toContain('rds:CreateDBSnapshot');
    expect(await take(), action).toBe('done');
    expect(snapshots, action).toHaveLength(1);
  }
});

test('`cloud snapshot` ignores a snapshot of another stack that is in progress', async () => {
  const { snapshots, take } = await openWithSnapshots();
  snapshots.push({ id: 'other', status: 'creating', polls: 9, tag: 'other' });
  expect(await take()).toBe('done');
  expect(snapshots.map(({ tag }) => tag)).toEqual(['other', 'minitwit']);
});

test('`cloud snapshot` fails with a message when AWS cannot take the snapshot, and when there is no stack', async () => {
  const { stubStack, snapshots, take } = await openWithSnapshots();
  stubStack.aws.onRequest = (action) => {
    if (action === 'rds:DescribeDBSnapshots' && snapshots[0]) snapshots[0].status = 'failed';
  };
  expect(await take()).toMatch(/^The snapshot minitwit-\S+ failed\.$/);

  const bare = takeSnapshot(stubStack.open('another'), { dryRun: false });
  await expect(bare).rejects.toThrow(
    'There is no stack another in this region. Run npm run cloud -- up --stack another to create it.',
  );
});
