import { expect, test } from 'vitest';
import { down } from '../../../src/cloud/commands/down.ts';
import { listProtections, protectStack } from '../../../src/cloud/protection/protections.ts';
import { removeStack } from '../../../src/cloud/stack/remove-stack.ts';
import { listResources } from '../../../src/cloud/stack/resources.ts';
import { requireStack } from '../../../src/cloud/stack/stack.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import {
  changesOf,
  createOperationsFixture,
  createStack,
  type OperationsFixture,
} from './fixture.ts';
import { makeImage } from '../make-image.ts';

const ALL = ['the database', 'the load balancer', 'the stack'];
const plain = { everything: false, dryRun: false, prompt: async () => 'minitwit' };

// The requests that disable the protections, in order.
const REQUESTS = [
  'rds:ModifyDBInstance',
  'elasticloadbalancing:ModifyLoadBalancerAttributes',
  'cloudformation:UpdateTerminationProtection',
];

/** Creates an account with a protected stack. */
async function createProtectedStack(): Promise<OperationsFixture> {
  const fixture = await createOperationsFixture();
  const cloud = fixture.open();
  await createStack(cloud, await makeImage(cloud, '1.3.0'), { WarehouseVolumeGib: '0' });
  await protectStack(cloud, await requireStack(cloud));
  fixture.account.actions.length = 0;
  return fixture;
}

/** Runs `down`, and returns `done` or the message of the error. */
function remove(fixture: OperationsFixture): Promise<string> {
  return down(fixture.open(), plain).then(() => 'done', errorMessage);
}

async function listAll({ cloud }: OperationsFixture) {
  const stack = await requireStack(cloud);
  return listProtections(cloud, stack, await listResources(cloud, stack.id));
}

/** Lists the resources that are protected, without their names. */
async function listProtected(fixture: OperationsFixture): Promise<string[]> {
  const protections = await listAll(fixture);
  return protections.filter((it) => it.isEnabled).map((it) => it.resource.replace(/ \S+$/, ''));
}

test('AWS does not delete a protected stack, and `cloud down` disables the protection after the prompt', async () => {
  const fixture = await createProtectedStack();
  const { account } = fixture;
  expect(await listProtected(fixture)).toEqual(ALL);
  const stack = await requireStack(fixture.cloud);
  await expect(removeStack(fixture.open(), stack)).rejects.toThrow('TerminationProtection');

  account.actions.length = 0;
  await expect(down(fixture.open(), { ...plain, prompt: async () => 'no' })).rejects.toThrow(
    'Nothing was removed.',
  );
  expect(changesOf(account)).toEqual([]);

  expect(await remove(fixture)).toBe('done');
  expect(changesOf(account)).toEqual([...REQUESTS, 'cloudformation:DeleteStack']);
});

test('AWS deletes no stack with a protected database or load balancer', async () => {
  const fixture = await createProtectedStack();
  const stack = await requireStack(fixture.cloud);
  const [database, , ofStack] = await listAll(fixture);
  await ofStack?.set(false);
  const tryRemove = () => removeStack(fixture.open(), stack);
  await expect(tryRemove()).rejects.toThrow(
    /Database .*Cannot delete protected DB Instance.*Disable its protection first/,
  );
  await database?.set(false);
  await expect(tryRemove()).rejects.toThrow(
    /Balancer .*cannot be deleted because deletion protection is enabled.*Disable its protection first/,
  );
});

test('a protection waits for a database that RDS is changing', async () => {
  const fixture = await createProtectedStack();
  fixture.account.fail('rds:ModifyDBInstance', 'InvalidDBInstanceState', { status: 400, times: 1 });
  const [database] = await listAll(fixture);
  await database?.set(false);
  expect(fixture.lines.at(-1)).toMatch(/^The database \S+: not changeable yet$/);
  expect(await listProtected(fixture)).toEqual(['the load balancer', 'the stack']);
});

test('`cloud down` that is stopped or refused prints what is no longer protected, and continues when it is run again', async () => {
  const fixture = await createProtectedStack();
  const { account } = fixture;
  const [first = '', second = '', third = ''] = REQUESTS;
  account.fail(first, 'AccessDenied', { times: 1 });
  expect(await remove(fixture)).toMatch(/AccessDenied.* Nothing was removed\.$/);
  expect(await listProtected(fixture)).toEqual(ALL);

  account.fail(second, 'AccessDenied', { times: 1 });
  expect(await remove(fixture)).toMatch(
    /AccessDenied.* Nothing was removed\. Not protected against deletion: the database \S+\. Run npm run cloud -- up to protect them\.$/,
  );
  expect(await listProtected(fixture)).toEqual(['the load balancer', 'the stack']);

  account.onRequest = (action) => action === third && fixture.stop();
  expect(await remove(fixture)).toMatch(
    /^Stopped by SIGINT\. Not protected against deletion: the database \S+, the load balancer \S+, the stack minitwit\.$/,
  );
  account.onRequest = () => undefined;
  expect(await listProtected(fixture)).toEqual([]);

  // `up` does this, too.
  await protectStack(fixture.open(), await requireStack(fixture.cloud));
  expect(await listProtected(fixture)).toEqual(ALL);

  fixture.emulated.fault = { resource: 'Instances', reason: 'It is in use.' };
  expect(await remove(fixture)).toMatch(
    /npm run cloud -- down again\. Not protected against deletion: the database \S+, the load balancer \S+, the stack minitwit\. AWS bills these resources until they are removed: the instance /,
  );
  for (const action of REQUESTS) account.loseResponse(action);
  expect(await remove(fixture)).toBe('done');
});
