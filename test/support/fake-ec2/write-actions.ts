import { createHash, randomBytes } from 'node:crypto';
import { type FakeAccount, goToNextState, type Instance, type Volume } from './account.ts';
import { AwsError } from './aws-error.ts';
import { formatInstance } from './describe-actions.ts';
import type { QueryParameters } from './query-parameters.ts';
import type { Xml } from './xml.ts';

type Action = (account: FakeAccount, parameters: QueryParameters) => { [name: string]: Xml };

const HOST_KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAIFake';

/** The actions that change the account. */
export const WRITE_ACTIONS: Record<string, Action> = {
  RunInstances: (account, parameters) => {
    const token = parameters.get('ClientToken');
    const known = account.instances.find((instance) => instance.token === token);
    return { instancesSet: [formatInstance(known ?? start(account, parameters))] };
  },
  TerminateInstances: (account, parameters) => {
    for (const id of parameters.list('InstanceId')) {
      const instance = findInstance(account, id);
      const [state] = instance.states;
      if (state !== 'terminated' && state !== 'shutting-down') {
        instance.states = ['shutting-down', 'shutting-down', 'terminated'];
      }
    }
    return {};
  },
  AttachVolume: (account, parameters) => {
    const volume = findVolume(account, parameters.get('VolumeId'));
    const instance = findInstance(account, parameters.get('InstanceId'));
    if (volume.attachment) throw new AwsError('VolumeInUse', `${volume.id} is already attached`);
    if (volume.zone !== instance.zone) {
      throw new AwsError('InvalidVolume.ZoneMismatch', 'They are in different zones.');
    }
    if (instance.states[0] !== 'running') {
      throw new AwsError('IncorrectState', `Instance '${instance.id}' is not 'running'.`);
    }
    const states = ['attaching', 'attached'];
    volume.attachment = { instanceId: instance.id, device: parameters.get('Device'), states };
    volume.states = ['in-use'];
    return { volumeId: volume.id, instanceId: instance.id, status: 'attaching' };
  },
  DetachVolume: (account, parameters) => {
    const { attachment, id, isDetachBusy } = findVolume(account, parameters.get('VolumeId'));
    if (!attachment) throw new AwsError('IncorrectState', `${id} is in the 'available' state.`);
    if (attachment.instanceId !== parameters.get('InstanceId')) {
      throw new AwsError('InvalidAttachment.NotFound', `${id} is not attached to that instance.`);
    }
    attachment.states = isDetachBusy ? ['busy'] : ['detaching', 'detached'];
    return { volumeId: id, status: 'detaching' };
  },
  CreateSnapshot: (account, parameters) => {
    const volume = findVolume(account, parameters.get('VolumeId'));
    const snapshot = account.addSnapshot({
      volumeId: volume.id,
      description: parameters.get('Description'),
      states: ['pending', 'pending', 'completed'],
      tags: parameters.tagsFor('snapshot'),
      hiddenPolls: account.hiddenPollsOfNew,
    });
    return { snapshotId: snapshot.id, volumeId: volume.id, status: 'pending' };
  },
  DeleteSnapshot: ({ snapshots }, parameters) => {
    const at = snapshots.findIndex(({ id }) => id === parameters.get('SnapshotId'));
    if (at === -1) throw new AwsError('InvalidSnapshot.NotFound', 'There is no such snapshot.');
    snapshots.splice(at, 1);
    return { return: true };
  },
  CreateTags: (account, parameters) => {
    const resources = [...account.instances, ...account.volumes, ...account.images];
    for (const id of parameters.list('ResourceId')) {
      const resource = resources.find((it) => it.id === id);
      if (!resource) throw new AwsError('InvalidID', `There is no '${id}'.`);
      Object.assign(resource.tags, parameters.tags());
    }
    return { return: true };
  },
  CreateVolume: (account, parameters) => {
    const token = parameters.get('ClientToken');
    const known = account.volumes.find((volume) => volume.token === token);
    const volume =
      known ??
      account.addVolume({
        token,
        zone: parameters.get('AvailabilityZone'),
        sizeGib: Number(parameters.get('Size')),
        snapshotId: parameters.get('SnapshotId'),
        states: ['creating', 'creating', 'available'],
        tags: parameters.tagsFor('volume'),
        hiddenPolls: account.hiddenPollsOfNew,
      });
    return { volumeId: volume.id, status: 'creating' };
  },
  DeleteVolume: (account, parameters) => {
    const volume = findVolume(account, parameters.get('VolumeId'));
    if (volume.attachment) throw new AwsError('VolumeInUse', `${volume.id} is attached`);
    if (volume.states[0] === 'creating') {
      goToNextState(volume.states);
      throw new AwsError('IncorrectState', `${volume.id} is being created`);
    }
    account.volumes.splice(account.volumes.indexOf(volume), 1);
    return { return: true };
  },
  StopInstances: (account, parameters) => {
    for (const id of parameters.list('InstanceId')) {
      const instance = findInstance(account, id);
      if (instance.states[0] === 'running') instance.states = ['stopping', 'stopping', 'stopped'];
    }
    return {};
  },
  CreateImage: (account, parameters) => {
    const name = parameters.get('Name');
    if (account.images.some((image) => image.name === name)) {
      throw new AwsError('InvalidAMIName.Duplicate', `AMI name ${name} is already in use`);
    }
    const instance = findInstance(account, parameters.get('InstanceId'));
    // The product must stop the instance first: otherwise AWS restarts it, or the image is inconsistent.
    if (instance.states[0] !== 'stopped') throw new AwsError('IncorrectState', 'It is not stopped');
    const image = account.addImage({
      name,
      states: ['pending', 'pending', 'available'],
      tags: parameters.tagsFor('image'),
      hiddenPolls: account.hiddenPollsOfNew,
      snapshotId: account.addSnapshot({ tags: parameters.tagsFor('snapshot') }).id,
    });
    return { imageId: image.id };
  },
  DeregisterImage: ({ images, snapshots }, parameters) => {
    const image = images.find(
      ({ id, hiddenPolls }) => id === parameters.get('ImageId') && hiddenPolls === 0,
    );
    if (!image) throw new AwsError('InvalidAMIID.Unavailable', 'There is no such image.');
    images.splice(images.indexOf(image), 1);
    const deletesSnapshot = parameters.get('DeleteAssociatedSnapshots') === 'true';
    const at = snapshots.findIndex(({ id }) => id === image.snapshotId);
    if (deletesSnapshot && at >= 0) snapshots.splice(at, 1);
    return { return: true };
  },
};

function start(account: FakeAccount, parameters: QueryParameters): Instance {
  const subnet = account.subnets.find(({ subnetId }) => subnetId === parameters.get('SubnetId'));
  const isSpot = parameters.get('InstanceMarketOptions.MarketType') === 'spot';
  const spotRequestId = isSpot ? `sir-${randomBytes(4).toString('hex')}` : null;
  if (spotRequestId) account.spotStatusById.set(spotRequestId, 'fulfilled');
  const instance = account.addInstance({
    states: ['pending', 'pending', 'running'],
    hiddenPolls: account.hiddenPollsOfNew,
    type: parameters.get('InstanceType'),
    imageId: parameters.get('ImageId'),
    subnetId: parameters.get('SubnetId'),
    zone: subnet?.availabilityZone ?? '',
    keyName: parameters.get('KeyName'),
    userData: Buffer.from(parameters.get('UserData'), 'base64').toString(),
    shutdownBehavior: parameters.get('InstanceInitiatedShutdownBehavior'),
    httpTokens: parameters.get('MetadataOptions.HttpTokens'),
    cpuCredits: readCpuCredits(parameters),
    spotRequestId,
    token: parameters.get('ClientToken'),
    tags: parameters.tagsFor('instance'),
    console: printHostKey(parameters),
  });
  const isRetained = parameters.get('BlockDeviceMapping.1.Ebs.DeleteOnTermination') !== 'true';
  account.addVolume({
    tags: parameters.tagsFor('volume'),
    sizeGib: 8,
    // Without DeleteOnTermination, a billed volume outlives the instance.
    deletedWith: isRetained ? 'nothing' : instance.id,
  });
  return instance;
}

/** Returns the console of a booted instance. cloud-init prints no host keys there, so only user data can. */
function printHostKey(parameters: QueryParameters): string {
  const userData = Buffer.from(parameters.get('UserData'), 'base64').toString();
  if (!userData.includes('minitwit-host-key')) return '';
  const hash = createHash('sha256').update(Buffer.from(HOST_KEY, 'base64')).digest('base64');
  return `minitwit-host-key ssh-ed25519 ${HOST_KEY} SHA256:${hash.replace('=', '')}\n`;
}

/** Returns the CPU credits of an instance: those of the request, or AWS's default for the type. */
function readCpuCredits(parameters: QueryParameters): string {
  const type = parameters.get('InstanceType');
  const requested = parameters.get('CreditSpecification.CpuCredits');
  if (type.startsWith('t')) return requested || (type.startsWith('t2.') ? 'standard' : 'unlimited');
  if (requested === '') return '';
  const message = `The ${type} instance type does not support T2 Unlimited.`;
  throw new AwsError('InstanceCreditSpecification.NotSupported', message);
}

function findInstance({ instances }: FakeAccount, wanted: string): Instance {
  const instance = instances.find(({ id, hiddenPolls }) => id === wanted && hiddenPolls === 0);
  if (!instance) throw new AwsError('InvalidInstanceID.NotFound', `There is no '${wanted}'.`);
  return instance;
}

function findVolume({ volumes }: FakeAccount, wanted: string): Volume {
  const volume = volumes.find(({ id, hiddenPolls }) => id === wanted && hiddenPolls === 0);
  if (!volume) throw new AwsError('InvalidVolume.NotFound', `There is no '${wanted}'.`);
  return volume;
}
