import { randomBytes } from 'node:crypto';

/** A resource with an id, tags and a state, which changes with each poll. */
export interface Resource {
  id: string;
  tags: Record<string, string>;
  /** The current state, and the states that follow with each poll. */
  states: string[];
  /** The number of polls that do not find the resource yet, because of eventual consistency. */
  hiddenPolls: number;
  createdAt: Date;
}

/** An instance. */
export interface Instance extends Resource {
  type: string;
  imageId: string;
  subnetId: string;
  zone: string;
  keyName: string;
  userData: string;
  shutdownBehavior: string;
  httpTokens: string;
  /** `standard`, or `unlimited`, with which AWS bills for missing CPU credits. Empty if the type has none. */
  cpuCredits: string;
  spotRequestId: string | null;
  token: string;
  console: string;
}

/** A volume. */
export interface Volume extends Resource {
  zone: string;
  sizeGib: number;
  attachment: { instanceId: string; device: string; states: string[] } | null;
  /** The snapshot from which the volume was created, or an empty string. */
  snapshotId: string;
  /** The id of the instance with which the volume is deleted. */
  deletedWith: string | null;
  token: string;
  /** Whether a detachment stays `busy` until the instance is terminated. */
  isDetachBusy: boolean;
}

/** A snapshot. */
export interface Snapshot extends Resource {
  volumeId: string;
  description: string;
}

/** An image. */
export interface Image extends Resource {
  name: string;
  architecture: string;
  owner: 'self' | 'amazon';
  /** The snapshot of the root volume. */
  snapshotId: string;
}

/** The resources of an AWS account. Tests may change all fields. */
export class FakeAccount {
  readonly instances: Instance[] = [];
  readonly volumes: Volume[] = [];
  readonly snapshots: Snapshot[] = [];
  readonly images: Image[] = [];
  readonly subnets = [
    { subnetId: 'subnet-0000000000000000a', availabilityZone: 'us-east-1a', vpcId: 'vpc-1' },
    { subnetId: 'subnet-0000000000000000b', availabilityZone: 'us-east-1b', vpcId: 'vpc-1' },
  ];
  readonly groups = [{ groupId: 'sg-0123456789abcdef0', vpcId: 'vpc-1' }];
  readonly keyNames = ['operator'];
  readonly spotStatusById = new Map<string, string>();
  /** The `hiddenPolls` of resources that requests create. */
  hiddenPollsOfNew = 1;
  /** The last line of the console output of a provisioning script, after a volume is attached. */
  provisionOutput = "MiniTwit's warehouse is ready: create the image now.";

  constructor() {
    this.addImage({ id: 'ami-0123456789abcdef0' });
    this.addImage({ id: 'ami-0000000000000000a', architecture: 'arm64' });
    this.addImage({ id: 'ami-0000000000000000b', states: ['pending'] });
    this.addImage({ name: 'al2023-ami-2023.9-kernel-6.1-x86_64', owner: 'amazon' });
  }

  addVolume(fields: Partial<Volume> = {}): Volume {
    const volume = {
      ...createResource('vol', ['available']),
      zone: 'us-east-1a',
      sizeGib: 100,
      attachment: null,
      snapshotId: '',
      deletedWith: null,
      token: '',
      isDetachBusy: false,
      ...fields,
    };
    this.volumes.push(volume);
    return volume;
  }

  addInstance(fields: Partial<Instance> = {}): Instance {
    const instance = {
      ...createResource('i', ['running']),
      type: 't3.large',
      imageId: '',
      subnetId: '',
      zone: 'us-east-1a',
      keyName: '',
      userData: '',
      shutdownBehavior: 'stop',
      httpTokens: 'optional',
      cpuCredits: '',
      spotRequestId: null,
      token: '',
      console: '',
      ...fields,
    };
    this.instances.push(instance);
    return instance;
  }

  addSnapshot(fields: Partial<Snapshot> = {}): Snapshot {
    const snapshot = {
      ...createResource('snap', ['completed']),
      volumeId: '',
      description: '',
      ...fields,
    };
    this.snapshots.push(snapshot);
    return snapshot;
  }

  addImage(fields: Partial<Image> = {}): Image {
    const image: Image = {
      ...createResource('ami', ['available']),
      name: 'minitwit-warehouse',
      architecture: 'x86_64',
      owner: 'self',
      snapshotId: '',
      ...fields,
    };
    this.images.push(image);
    return image;
  }

  /** Lists the id and state of each billable resource, without the warehouse's own volume and its snapshots. */
  listBillable(): string[] {
    const hasRunTag = ({ tags }: Resource) => 'minitwit:run' in tags;
    const instances = this.instances.filter(({ states }) => states[0] !== 'terminated');
    const volumes = this.volumes.filter((it) => it.attachment ?? it.deletedWith ?? hasRunTag(it));
    const images = this.images.filter(hasRunTag);
    return [...instances, ...volumes, ...images].map(({ id, states }) => `${id} ${states[0]}`);
  }

  /** Counts a poll. Returns whether it finds the resource. */
  isVisible(resource: Resource): boolean {
    if (resource.hiddenPolls > 0) {
      resource.hiddenPolls -= 1;
      return false;
    }
    return true;
  }

  /** Changes a resource to its next state. If that terminates an instance, its volumes change, too. */
  advanceState(resource: Resource): void {
    goToNextState(resource.states);
    if (resource.states[0] === 'terminated') this.release(resource.id);
  }

  /** Detaches the volumes of a terminated instance, and deletes those that end with it. */
  private release(instanceId: string): void {
    for (const volume of this.volumes.filter((it) => it.attachment?.instanceId === instanceId)) {
      volume.attachment = null;
      volume.states = ['available'];
    }
    const deleted = this.volumes.filter(({ deletedWith }) => deletedWith === instanceId);
    for (const volume of deleted) this.volumes.splice(this.volumes.indexOf(volume), 1);
  }
}

/** Changes to the next state, if there is one. */
export function goToNextState(states: string[]): void {
  if (states.length > 1) states.shift();
}

function createResource(prefix: string, states: string[]): Resource {
  const id = `${prefix}-0${randomBytes(8).toString('hex')}`;
  return { id, tags: {}, states, hiddenPolls: 0, createdAt: new Date() };
}
