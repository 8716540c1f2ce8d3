import { matchesGlob } from 'node:path';
import {
  type FakeAccount,
  goToNextState,
  type Instance,
  type Volume,
  type Resource,
} from './account.ts';
import { AwsError } from './aws-error.ts';
import type { QueryParameters } from './query-parameters.ts';
import type { Xml } from './xml.ts';

const ROOT = [{ deviceName: '/dev/xvda', ebs: { volumeSize: 8 } }];

type Action = (account: FakeAccount, parameters: QueryParameters) => { [name: string]: Xml };

/** The actions that read the account. Each one is a poll that changes the states of the resources found. */
export const DESCRIBE_ACTIONS: Record<string, Action> = {
  DescribeInstances: (account, parameters) => {
    const found = find(account, account.instances, parameters, 'InstanceId', {
      'instance-state-name': ({ states }) => states[0] ?? '',
      'instance-id': ({ id }) => id,
    });
    return { reservationSet: found.map((it) => ({ instancesSet: [formatInstance(it)] })) };
  },
  DescribeVolumes: (account, parameters) => {
    const found = find(account, account.volumes, parameters, 'VolumeId', {
      'attachment.instance-id': ({ attachment }) => attachment?.instanceId ?? '',
      'snapshot-id': ({ snapshotId }) => snapshotId,
      status: ({ states }) => states[0] ?? '',
    });
    return { volumeSet: found.map(formatVolume) };
  },
  DescribeSnapshots: (account, parameters) => {
    const found = find(account, account.snapshots, parameters, 'SnapshotId', {});
    return {
      snapshotSet: found.map((it) => ({
        snapshotId: it.id,
        volumeId: it.volumeId,
        status: it.states[0] ?? '',
        startTime: it.createdAt,
        progress: it.states[0] === 'completed' ? '100%' : `${100 - it.states.length * 10}%`,
        volumeSize: 100,
        description: it.description,
        tagSet: formatTags(it),
      })),
    };
  },
  DescribeImages: (account, parameters) => {
    const owner = parameters.get('Owner.1');
    const owned = account.images.filter((it) => owner === '' || it.owner === owner);
    const found = find(account, owned, parameters, 'ImageId', {
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
        tagSet: formatTags(it),
      })),
    };
  },
  DescribeSubnets: ({ subnets }, parameters) => {
    const ids = parameters.list('SubnetId');
    const zone = parameters.filters().find(([name]) => name === 'availability-zone')?.[1][0];
    return {
      subnetSet: selectByName(subnets, 'subnetId', ids, 'InvalidSubnetID.NotFound').filter(
        (subnet) => zone === undefined || subnet.availabilityZone === zone,
      ),
    };
  },
  DescribeSecurityGroups: ({ groups }, parameters) => ({
    securityGroupInfo: selectByName(
      groups,
      'groupId',
      parameters.list('GroupId'),
      'InvalidGroup.NotFound',
    ),
  }),
  DescribeKeyPairs: ({ keyNames }, parameters) => {
    const keys = keyNames.map((keyName) => ({ keyName }));
    return {
      keySet: selectByName(keys, 'keyName', parameters.list('KeyName'), 'InvalidKeyPair.NotFound'),
    };
  },
  DescribeInstanceTypes: (_, parameters) => {
    const [, types = []] = parameters.filters().find(([name]) => name === 'instance-type') ?? [];
    return { instanceTypeSet: types.filter((type) => /^[tmr]\d/.test(type)).map(describeType) };
  },
  DescribeInstanceTypeOfferings: () => ({
    instanceTypeOfferingSet: [{ location: 'us-east-1b' }, { location: 'us-east-1c' }],
  }),
  DescribeSpotInstanceRequests: ({ spotStatusById }, parameters) => ({
    spotInstanceRequestSet: parameters
      .list('SpotInstanceRequestId')
      .map((id) => ({ spotInstanceRequestId: id, status: { code: spotStatusById.get(id) ?? '' } })),
  }),
  DescribeSpotPriceHistory: () => ({ spotPriceHistorySet: [{ spotPrice: '0.031' }] }),
  GetConsoleOutput: (account, parameters) => {
    const id = parameters.get('InstanceId');
    const instance = account.instances.find((it) => it.id === id);
    const isProvisioned =
      instance?.userData.includes('VOLUME_ID=') &&
      account.volumes.some(({ attachment }) => attachment?.instanceId === id);
    const output = `${instance?.console ?? ''}${isProvisioned ? `${account.provisionOutput}\n` : ''}`;
    return { output: Buffer.from(output).toString('base64') };
  },
};

/** Returns the fields of an instance in a response. */
export function formatInstance(it: Instance): { [name: string]: Xml } {
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
    tagSet: formatTags(it),
  };
}

function formatVolume(it: Volume): { [name: string]: Xml } {
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
    tagSet: formatTags(it),
  };
  if (attachment) advanceAttachment(it, attachment.states);
  return described;
}

function advanceAttachment(volume: Volume, states: string[]): void {
  goToNextState(states);
  if (states[0] !== 'detached') return;
  volume.attachment = null;
  volume.states = ['available'];
}

function formatTags({ tags }: Resource): Xml[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

/** Finds resources by ids or filters, and changes their states. */
function find<T extends Resource>(
  account: FakeAccount,
  resources: T[],
  parameters: QueryParameters,
  idName: string,
  fields: Record<string, (resource: T) => string>,
): T[] {
  const ids = parameters.list(idName);
  const selected = ids.length > 0 ? resources.filter(({ id }) => ids.includes(id)) : resources;
  const filters = parameters.filters();
  const found = selected
    .filter((resource) => account.isVisible(resource))
    .filter((resource) =>
      filters.every(([name, values]) => matches(resource, name, values, fields)),
    );
  if (found.length < ids.length) {
    const kind = {
      InstanceId: 'InvalidInstanceID',
      VolumeId: 'InvalidVolume',
      ImageId: 'InvalidAMIID',
    }[idName];
    throw new AwsError(`${kind ?? 'InvalidSnapshot'}.NotFound`, `No ${ids.join(', ')}.`);
  }
  for (const resource of found) account.advanceState(resource);
  return found;
}

function matches<T extends Resource>(
  resource: T,
  name: string,
  values: string[],
  fields: Record<string, (resource: T) => string>,
): boolean {
  if (name === 'tag-key') return values.some((key) => key in resource.tags);
  if (name.startsWith('tag:')) return values.includes(resource.tags[name.slice(4)] ?? '');
  const field = fields[name];
  if (!field) throw new AwsError('InvalidParameterValue', `The filter '${name}' is invalid`);
  return values.some((value) => matchesGlob(field(resource), value));
}

function selectByName<K extends string, T extends Record<K, string>>(
  resources: T[],
  key: K,
  names: string[],
  code: string,
): T[] {
  const missing = names.filter((name) => !resources.some((resource) => resource[key] === name));
  if (missing.length > 0) throw new AwsError(code, `There is no ${missing.join(', ')}.`);
  return names.length > 0
    ? resources.filter((resource) => names.includes(resource[key]))
    : resources;
}

function describeType(instanceType: string) {
  return {
    instanceType,
    burstablePerformanceSupported: instanceType.startsWith('t'),
    hypervisor: instanceType.startsWith('t2.') ? 'xen' : 'nitro',
    memoryInfo: { sizeInMiB: 1024 },
    vCpuInfo: { defaultVCpus: 2 },
    processorInfo: { supportedArchitectures: [/^.\dg/.test(instanceType) ? 'arm64' : 'x86_64'] },
  };
}
