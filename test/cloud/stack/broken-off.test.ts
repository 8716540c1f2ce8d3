import { expect, test } from 'vitest';
import { messageOf } from '../../../src/errors.ts';
import { openWorld, type World } from './world.ts';

const DONE = {
  status: 'UPDATE_COMPLETE',
  setUp: 'no',
  databases: 1,
  instances: [2],
  changeSets: 0,
};

/** What `up` asks for, from nothing to the end. */
async function listActions(): Promise<string[]> {
  const world = await openWorld();
  await world.up();
  return [...world.account.actions];
}

/** Breaks `up` off at so manyth a request; gives its message, and what it asked for afterwards. */
async function breakOff(world: World, at: number): Promise<{ why: string; after: string[] }> {
  const { account } = world;
  account.onAsk = () => {
    if (account.actions.length === at) world.stop();
  };
  const why = await world.up().then(() => 'Ended well.', messageOf);
  account.onAsk = () => undefined;
  return { why, after: account.actions.slice(at) };
}

test('broken off wherever it is, the next up ends with the same stack', async () => {
  const actions = await listActions();
  // those that change something, and what is asked before: between looks, all is the same
  const isLook = (action: string) => /:(Describe|Get)/.test(action);
  const places = actions
    .keys()
    .filter((at) => !actions.slice(at, at + 2).every((each) => isLook(each)));
  for (const at of places) {
    const where = `${at}: ${actions[at]}`;
    const world = await openWorld();
    const { why, after } = await breakOff(world, at + 1);
    expect(why, where).toMatch(at + 1 < actions.length ? /^Stopped by SIGINT\./ : /^Ended well/);
    expect(after.join(' '), where).not.toMatch(/:(Create|Execute|Send)/);
    const between = await world.look();
    // what was only to find out is gone; what was begun goes on
    expect(between.changeSets, where).toBe(0);
    expect(between.status, where).not.toBe('REVIEW_IN_PROGRESS');
    await world.up();
    expect(await world.look(), where).toMatchObject(DONE);
  }
});

test('what goes on is watched to its end before anything else', async () => {
  const world = await openWorld();
  world.account.onAsk = (action) => {
    if (action === 'cloudformation:ExecuteChangeSet') world.stop();
  };
  await expect(world.up()).rejects.toThrow(
    'Stopped by SIGINT. AWS goes on with the stack minitwit by itself: the same command watches on.',
  );
  world.account.onAsk = () => undefined;
  world.lines.length = 0;
  await world.up();
  expect(world.lines[0]).toBe('The stack minitwit is CREATE_IN_PROGRESS: watching that first …');
  expect(world.lines).toContain('Database (AWS::RDS::DBInstance): being created');
  expect(await world.look()).toMatchObject(DONE);
});

test('whatever is refused is said, and leaves nothing that is in the way of the next up', async () => {
  const actions = new Set(await listActions());
  const world = await openWorld();
  for (const action of actions) {
    world.account.refuse(action, 'AccessDenied', { times: 1 });
    const why = await world.up().then(() => 'it ended well', messageOf);
    expect(why, action).toMatch(/^Cannot .*AWS says AccessDenied: .* \(docs\/ has the IAM policy/);
    expect((await world.look()).changeSets, action).toBe(0);
  }
  await world.up();
  expect(await world.look()).toMatchObject(DONE);
});

test.each(['cloudformation:CreateChangeSet', 'cloudformation:ExecuteChangeSet'])(
  '%s whose answer is lost is done once',
  async (action) => {
    const world = await openWorld();
    world.account.lose(action);
    await world.up();
    expect(await world.look()).toMatchObject(DONE);
    expect(world.scripts).toHaveLength(1);
  },
);

test('what cannot be removed after a dry run is named', async () => {
  const world = await openWorld();
  world.account.refuse('cloudformation:DeleteChangeSet', 'AccessDenied', { times: 1 });
  await expect(world.up({}, true)).rejects.toThrow(
    /AccessDenied.*\nThis may still exist: the stack minitwit, with nothing in it: npm run cloud -- up/,
  );
  await world.up();
  world.account.refuse('cloudformation:DeleteChangeSet', 'AccessDenied', { times: 1 });
  await expect(world.up({ BackupDays: '3' }, true)).rejects.toThrow(
    /This may still exist: the change set (\S+): aws cloudformation delete-change-set --stack-name minitwit --change-set-name \1$/,
  );
});
