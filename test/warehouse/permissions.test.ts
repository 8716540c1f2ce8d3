import { EC2Client } from '@aws-sdk/client-ec2';
import { expect, onTestFinished, test, vi } from 'vitest';
import { RUN_TAG } from '../../src/aws/tags.ts';
import { cleanup } from '../../src/warehouse/commands/cleanup.ts';
import { finish } from '../../src/warehouse/commands/finish.ts';
import { provision } from '../../src/warehouse/commands/provision.ts';
import { restoreVolume } from '../../src/warehouse/commands/restore-volume.ts';
import { run } from '../../src/warehouse/commands/run.ts';
import { WAREHOUSE_TAG } from '../../src/aws/tags.ts';
import { pruneSnapshots } from '../../src/warehouse/commands/snapshots.ts';
import { createEnforcer, type Enforced } from '../cloud/permissions/enforcer.ts';
import { listOperatorPolicies } from '../cloud/permissions/operator-policies.ts';
import type { FakeEc2 } from '../support/fake-ec2/fake-ec2.ts';
import { createRunFixture } from './run/fixture.ts';

const policies = listOperatorPolicies().filter(({ name }) => name === 'minitwit-warehouse');

/** The function of a client that sends a request. */
type Send = (
  this: EC2Client,
  command: { input: object },
  ...options: unknown[]
) => Promise<unknown>;

/** Refuses all requests to EC2 that the policy of the warehouse's operator does not allow, as IAM does. */
function enforceWarehousePolicy({ account }: FakeEc2): Enforced {
  const notUsed = () => Promise.reject(new Error('The warehouse uses no role.'));
  const readTags = async (id: string) => {
    const { images, instances, snapshots, volumes } = account;
    const all = [...images, ...instances, ...snapshots, ...volumes];
    return all.find((it) => it.id === id)?.tags ?? {};
  };
  const facts = { id: '210987654321', region: 'us-east-1', readTags };
  const { enforced, check } = createEnforcer(
    { ...facts, readRole: notUsed, readInstanceProfile: notUsed },
    policies,
  );
  // The commands send some requests with a client of their own.
  const prototype = EC2Client.prototype as unknown as { send: Send };
  const original = prototype.send;
  const spy = vi.spyOn(prototype, 'send');
  spy.mockImplementation(async function (this: EC2Client, command, ...rest) {
    const name = `ec2:${command.constructor.name.replace(/Command$/, '')}`;
    await check({ name, input: command.input });
    return original.call(this, command, ...rest);
  });
  onTestFinished(() => spy.mockRestore());
  return enforced;
}

/** The requests with which the commands change something. */
const CHANGES = [
  'ec2:AttachVolume',
  'ec2:CreateImage',
  'ec2:CreateSnapshot',
  'ec2:CreateTags',
  'ec2:CreateVolume',
  'ec2:DeleteSnapshot',
  'ec2:DeleteVolume',
  'ec2:DeregisterImage',
  'ec2:DetachVolume',
  'ec2:RunInstances',
  'ec2:StopInstances',
  'ec2:TerminateInstances',
];

test.each(['on-demand', 'spot'] as const)(
  'the policy of the warehouse’s operator allows every request to EC2 of its commands, with instances of the market %s',
  async (market) => {
    const { aws, context, volumeId } = await createRunFixture();
    context.config.market = market;
    for (const volume of aws.account.volumes) volume.tags[WAREHOUSE_TAG] = volume.id;
    const enforced = enforceWarehousePolicy(aws);

    const newVolume = { volumeId: null, sizeGib: 8, baseImageId: null };
    aws.fail('CreateTags', { code: 'InternalFailure', status: 400 });
    await expect(provision(context, context.config, newVolume)).rejects.toThrow('InternalFailure');
    await provision(context, context.config, newVolume);
    await run(context, { keep: true });
    await finish(context);
    await run(context, { keep: true });
    await cleanup(context, aws.account.instances.at(-1)?.tags[RUN_TAG] ?? '');
    const snapshotId = aws.account.snapshots.at(-1)?.id ?? '';
    await restoreVolume(context, { snapshotId, volumeId, zone: null });
    await run(context, { keep: false });
    await pruneSnapshots(context, 1);

    expect(enforced.refused).toEqual([]);
    const changes = [...enforced.allowed].filter((name) => !/:(Describe|Get)/.test(name));
    expect(changes.toSorted()).toEqual(CHANGES);
  },
);
