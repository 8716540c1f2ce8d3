import { randomBytes } from 'node:crypto';
import { type Account, advance, type FakeInstance, type FakeVolume } from './account.ts';
import { AwsError } from './aws-error.ts';
import { describeInstance } from './describe.ts';
import type { Parameters } from './parameters.ts';
import type { Xml } from './xml.ts';

type Action = (account: Account, given: Parameters) => { [name: string]: Xml };

const HOST_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFake root@minitwit';

/** The actions that change something unless they have `DryRun`. */
export const CHANGING: Record<string, Action> = {
  RunInstances: (account, given) => {
    const token = given.get('ClientToken');
    const known = account.instances.find((instance) => instance.token === token);
    return { instancesSet: [describeInstance(known ?? start(account, given))] };
  },
  TerminateInstances: (account, given) => {
    for (const id of given.list('InstanceId')) {
      const instance = findInstance(account, id);
      const [state] = instance.states;
      if (state !== 'terminated' && state !== 'shutting-down') {
        instance.states = ['shutting-down', 'shutting-down', 'terminated'];
      }
    }
    return {};
  },
  AttachVolume: (account, given) => {
    const volume = findVolume(account, given.get('VolumeId'));
    const instance = findInstance(account, given.get('InstanceId'));
    if (volume.attachment) throw new AwsError('VolumeInUse', `${volume.id} is already attached`);
    if (volume.zone !== instance.zone) {
      throw new AwsError('InvalidVolume.ZoneMismatch', 'They are in different zones.');
    }
    if (instance.states[0] !== 'running') {
      throw new AwsError('IncorrectState', `Instance '${instance.id}' is not 'running'.`);
    }
    const states = ['attaching', 'attached'];
    volume.attachment = { instanceId: instance.id, device: given.get('Device'), states };
    volume.states = ['in-use'];
    return { volumeId: volume.id, instanceId: instance.id, status: 'attaching' };
  },
  DetachVolume: (account, given) => {
    const { attachment, id, isHeld } = findVolume(account, given.get('VolumeId'));
    if (!attachment) throw new AwsError('IncorrectState', `${id} is in the 'available' state.`);
    if (attachment.instanceId !== given.get('InstanceId')) {
      throw new AwsError('InvalidAttachment.NotFound', `${id} is not attached to that instance.`);
    }
    attachment.states = isHeld ? ['busy'] : ['detaching', 'detached'];
    return { volumeId: id, status: 'detaching' };
  },
  CreateSnapshot: (account, given) => {
    const volume = findVolume(account, given.get('VolumeId'));
    const snapshot = account.addSnapshot({
      volumeId: volume.id,
      description: given.get('Description'),
      states: ['pending', 'pending', 'completed'],
      tags: given.tagsFor('snapshot'),
      unseen: account.looksUnseen,
    });
    return { snapshotId: snapshot.id, volumeId: volume.id, status: 'pending' };
  },
  CreateTags: (account, given) => {
    const things = [...account.instances, ...account.volumes, ...account.images];
    for (const id of given.list('ResourceId')) {
      const thing = things.find((it) => it.id === id);
      if (!thing) throw new AwsError('InvalidID', `There is no '${id}'.`);
      Object.assign(thing.tags, given.tags());
    }
    return { return: true };
  },
  CreateVolume: (account, given) => {
    const token = given.get('ClientToken');
    const known = account.volumes.find((volume) => volume.token === token);
    const volume =
      known ??
      account.addVolume({
        token,
        zone: given.get('AvailabilityZone'),
        sizeGib: Number(given.get('Size')),
        states: ['creating', 'creating', 'available'],
        tags: given.tagsFor('volume'),
        unseen: account.looksUnseen,
      });
    return { volumeId: volume.id, status: 'creating' };
  },
  DeleteVolume: (account, given) => {
    const volume = findVolume(account, given.get('VolumeId'));
    if (volume.attachment) throw new AwsError('VolumeInUse', `${volume.id} is attached`);
    if (volume.states[0] === 'creating') {
      advance(volume.states);
      throw new AwsError('IncorrectState', `${volume.id} is being made`);
    }
    account.volumes.splice(account.volumes.indexOf(volume), 1);
    return { return: true };
  },
  StopInstances: (account, given) => {
    for (const id of given.list('InstanceId')) {
      const instance = findInstance(account, id);
      if (instance.states[0] === 'running') instance.states = ['stopping', 'stopping', 'stopped'];
    }
    return {};
  },
  CreateImage: (account, given) => {
    const name = given.get('Name');
    if (account.images.some((image) => image.name === name)) {
      throw new AwsError('InvalidAMIName.Duplicate', `AMI name ${name} is already in use`);
    }
    const instance = findInstance(account, given.get('InstanceId'));
    // it would be started again to be written, or be no image of a whole disk
    if (instance.states[0] !== 'stopped') throw new AwsError('IncorrectState', 'It is not stopped');
    const image = account.addImage({
      name,
      states: ['pending', 'pending', 'available'],
      tags: given.tagsFor('image'),
      unseen: account.looksUnseen,
      snapshotId: account.addSnapshot({ tags: given.tagsFor('snapshot') }).id,
    });
    return { imageId: image.id };
  },
  DeregisterImage: ({ images, snapshots }, given) => {
    const image = images.find(({ id, unseen }) => id === given.get('ImageId') && unseen === 0);
    if (!image) throw new AwsError('InvalidAMIID.Unavailable', 'There is no such image.');
    images.splice(images.indexOf(image), 1);
    const isWhole = given.get('DeleteAssociatedSnapshots') === 'true';
    const at = snapshots.findIndex(({ id }) => id === image.snapshotId);
    if (isWhole && at >= 0) snapshots.splice(at, 1);
    return { return: true };
  },
};

function start(account: Account, given: Parameters): FakeInstance {
  const subnet = account.subnets.find(({ subnetId }) => subnetId === given.get('SubnetId'));
  const isSpot = given.get('InstanceMarketOptions.MarketType') === 'spot';
  const spotRequestId = isSpot ? `sir-${randomBytes(4).toString('hex')}` : null;
  if (spotRequestId) account.spotStatus.set(spotRequestId, 'fulfilled');
  const instance = account.addInstance({
    states: ['pending', 'pending', 'running'],
    unseen: account.looksUnseen,
    type: given.get('InstanceType'),
    imageId: given.get('ImageId'),
    subnetId: given.get('SubnetId'),
    zone: subnet?.availabilityZone ?? '',
    keyName: given.get('KeyName'),
    userData: Buffer.from(given.get('UserData'), 'base64').toString(),
    shutdownBehavior: given.get('InstanceInitiatedShutdownBehavior'),
    httpTokens: given.get('MetadataOptions.HttpTokens'),
    spotRequestId,
    token: given.get('ClientToken'),
    tags: given.tagsFor('instance'),
    console: `-----BEGIN SSH HOST KEY KEYS-----\n${HOST_KEY}\n-----END SSH HOST KEY KEYS-----\n`,
  });
  const isKept = given.get('BlockDeviceMapping.1.Ebs.DeleteOnTermination') !== 'true';
  account.addVolume({
    tags: given.tagsFor('volume'),
    sizeGib: 8,
    // without it, an image may leave its volume behind, which costs
    endsWith: isKept ? 'nothing' : instance.id,
  });
  return instance;
}

function findInstance({ instances }: Account, wanted: string): FakeInstance {
  const instance = instances.find(({ id, unseen }) => id === wanted && unseen === 0);
  if (!instance) throw new AwsError('InvalidInstanceID.NotFound', `There is no '${wanted}'.`);
  return instance;
}

function findVolume({ volumes }: Account, wanted: string): FakeVolume {
  const volume = volumes.find(({ id, unseen }) => id === wanted && unseen === 0);
  if (!volume) throw new AwsError('InvalidVolume.NotFound', `There is no '${wanted}'.`);
  return volume;
}
