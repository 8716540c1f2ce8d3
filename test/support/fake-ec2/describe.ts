import { matchesGlob } from 'node:path';
import {
  type Account,
  advance,
  type FakeInstance,
  type FakeVolume,
  type Thing,
} from './account.ts';
import { AwsError } from './aws-error.ts';
import type { Parameters } from './parameters.ts';
import type { Xml } from './xml.ts';

const ROOT = [{ deviceName: '/dev/xvda', ebs: { volumeSize: 8 } }];

type Action = (account: Account, given: Parameters) => { [name: string]: Xml };

/** The actions that only look; each look lets time go by. */
export const DESCRIBING: Record<string, Action> = {
  DescribeInstances: (account, given) => {
    const found = find(account, account.instances, given, 'InstanceId', {
      'instance-state-name': ({ states }) => states[0] ?? '',
      'instance-id': ({ id }) => id,
    });
    return { reservationSet: found.map((it) => ({ instancesSet: [describeInstance(it)] })) };
  },
  DescribeVolumes: (account, given) => {
    const found = find(account, account.volumes, given, 'VolumeId', {
      'attachment.instance-id': ({ attachment }) => attachment?.instanceId ?? '',
    });
    return { volumeSet: found.map(describeVolume) };
  },
  DescribeSnapshots: (account, given) => {
    const found = find(account, account.snapshots, given, 'SnapshotId', {});
    return {
      snapshotSet: found.map((it) => ({
        snapshotId: it.id,
        volumeId: it.volumeId,
        status: it.states[0] ?? '',
        startTime: it.createdAt,
        progress: it.states[0] === 'completed' ? '100%' : `${100 - it.states.length * 10}%`,
        volumeSize: 100,
        description: it.description,
        tagSet: tagSet(it),
      })),
    };
  },
  DescribeImages: (account, given) => {
    const owner = given.get('Owner.1');
    const owned = account.images.filter((it) => owner === '' || it.owner === owner);
    const found = find(account, owned, given, 'ImageId', {
      name: ({ name }) => name,
      architecture: ({ architecture }) => architecture,
      state: ({ states }) => states[0] ?? '',
      'block-device-mapping.snapshot-id': ({ snapshotId }) => snapshotId,
    });
    return {
      imagesSet: found.map((it) => ({
        imageId: it.id,
        name: it.name,
        imageState: it.states[0] ?? '',
        architecture: it.architecture,
        creationDate: it.createdAt,
        rootDeviceName: '/dev/xvda',
        blockDeviceMapping: ROOT,
        tagSet: tagSet(it),
      })),
    };
  },
  DescribeSubnets: ({ subnets }, given) => {
    const ids = given.list('SubnetId');
    const zone = given.filters().find(([name]) => name === 'availability-zone')?.[1][0];
    return {
      subnetSet: named(subnets, 'subnetId', ids, 'InvalidSubnetID.NotFound').filter(
        (subnet) => zone === undefined || subnet.availabilityZone === zone,
      ),
    };
  },
  DescribeSecurityGroups: ({ groups }, given) => ({
    securityGroupInfo: named(groups, 'groupId', given.list('GroupId'), 'InvalidGroup.NotFound'),
  }),
  DescribeKeyPairs: ({ keyNames }, given) => {
    const keys = keyNames.map((keyName) => ({ keyName }));
    return { keySet: named(keys, 'keyName', given.list('KeyName'), 'InvalidKeyPair.NotFound') };
  },
  DescribeInstanceTypes: (_, given) => {
    const type = given.get('InstanceType.1');
    if (!/^[tmr]\d/.test(type)) throw new AwsError('InvalidInstanceType', `No ${type}.`);
    const supportedArchitectures = [/^.\dg/.test(type) ? 'arm64' : 'x86_64'];
    const hypervisor = type.startsWith('t2.') ? 'xen' : 'nitro';
    return { instanceTypeSet: [{ hypervisor, processorInfo: { supportedArchitectures } }] };
  },
  DescribeInstanceTypeOfferings: () => ({
    instanceTypeOfferingSet: [{ location: 'us-east-1b' }, { location: 'us-east-1c' }],
  }),
  DescribeSpotInstanceRequests: ({ spotStatus }, given) => ({
    spotInstanceRequestSet: given
      .list('SpotInstanceRequestId')
      .map((id) => ({ spotInstanceRequestId: id, status: { code: spotStatus.get(id) ?? '' } })),
  }),
  DescribeSpotPriceHistory: () => ({ spotPriceHistorySet: [{ spotPrice: '0.031' }] }),
  GetConsoleOutput: (account, given) => {
    const id = given.get('InstanceId');
    const instance = account.instances.find((it) => it.id === id);
    const isTried =
      instance?.userData.includes('VOLUME_ID=') &&
      account.volumes.some(({ attachment }) => attachment?.instanceId === id);
    const said = `${instance?.console ?? ''}${isTried ? `${account.scriptSays}\n` : ''}`;
    return { output: Buffer.from(said).toString('base64') };
  },
};

/** An instance, as every answer shows it. */
export function describeInstance(it: FakeInstance): { [name: string]: Xml } {
  const state = it.states[0] ?? '';
  return {
    instanceId: it.id,
    instanceState: { name: state },
    stateReason: { message: state === 'terminated' ? 'Client.UserInitiatedShutdown' : '' },
    instanceType: it.type,
    placement: { availabilityZone: it.zone },
    launchTime: it.createdAt,
    ipAddress: state === 'running' ? '127.0.0.1' : null,
    spotInstanceRequestId: it.spotRequestId,
    tagSet: tagSet(it),
  };
}

function describeVolume(it: FakeVolume): { [name: string]: Xml } {
  const { attachment } = it;
  const described = {
    volumeId: it.id,
    status: it.states[0] ?? '',
    availabilityZone: it.zone,
    size: it.sizeGib,
    volumeType: 'gp3',
    createTime: it.createdAt,
    attachmentSet: attachment
      ? [{ instanceId: attachment.instanceId, status: attachment.states[0] ?? '' }]
      : [],
    tagSet: tagSet(it),
  };
  if (attachment) advanceAttachment(it, attachment.states);
  return described;
}

function advanceAttachment(volume: FakeVolume, states: string[]): void {
  advance(states);
  if (states[0] !== 'detached') return;
  volume.attachment = null;
  volume.states = ['available'];
}

function tagSet({ tags }: Thing): Xml[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

/** Those that are asked for by id, or by filters; time goes by for those that are seen. */
function find<T extends Thing>(
  account: Account,
  things: T[],
  given: Parameters,
  idName: string,
  fields: Record<string, (thing: T) => string>,
): T[] {
  const ids = given.list(idName);
  const meant = ids.length > 0 ? things.filter(({ id }) => ids.includes(id)) : things;
  const filters = given.filters();
  const seen = meant
    .filter((thing) => account.look(thing))
    .filter((thing) => filters.every(([name, values]) => matches(thing, name, values, fields)));
  if (seen.length < ids.length) {
    const kind = {
      InstanceId: 'InvalidInstanceID',
      VolumeId: 'InvalidVolume',
      ImageId: 'InvalidAMIID',
    }[idName];
    throw new AwsError(`${kind ?? 'InvalidSnapshot'}.NotFound`, `No ${ids.join(', ')}.`);
  }
  for (const thing of seen) account.age(thing);
  return seen;
}

function matches<T extends Thing>(
  thing: T,
  name: string,
  values: string[],
  fields: Record<string, (thing: T) => string>,
): boolean {
  if (name === 'tag-key') return values.some((key) => key in thing.tags);
  if (name.startsWith('tag:')) return values.includes(thing.tags[name.slice(4)] ?? '');
  const field = fields[name];
  if (!field) throw new AwsError('InvalidParameterValue', `The filter '${name}' is invalid`);
  return values.some((value) => matchesGlob(field(thing), value));
}

function named<K extends string, T extends Record<K, string>>(
  things: T[],
  key: K,
  names: string[],
  code: string,
): T[] {
  const missing = names.filter((name) => !things.some((thing) => thing[key] === name));
  if (missing.length > 0) throw new AwsError(code, `There is no ${missing.join(', ')}.`);
  return names.length > 0 ? things.filter((thing) => names.includes(thing[key])) : things;
}
