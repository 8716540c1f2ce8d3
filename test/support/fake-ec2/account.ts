import { randomBytes } from 'node:crypto';

/** Whatever has an id, tags and a state that changes with time: here, with each look at it. */
export interface Thing {
  id: string;
  tags: Record<string, string>;
  /** The first is the present one; polls lead to the next. */
  states: string[];
  /** How many polls do not find it yet. */
  unseen: number;
  createdAt: Date;
}

/** An instance. */
export interface FakeInstance extends Thing {
  type: string;
  imageId: string;
  subnetId: string;
  zone: string;
  keyName: string;
  userData: string;
  shutdownBehavior: string;
  httpTokens: string;
  spotRequestId: string | null;
  token: string;
  console: string;
}

/** A volume. */
export interface FakeVolume extends Thing {
  zone: string;
  sizeGib: number;
  attachment: { instanceId: string; device: string; states: string[] } | null;
  /** Whether it goes when the instance ends that it was made for. */
  endsWith: string | null;
  token: string;
  /** Whether the system holds it so that it stays `busy` until its instance has ended. */
  isHeld: boolean;
}

/** A snapshot. */
export interface FakeSnapshot extends Thing {
  volumeId: string;
  description: string;
}

/** An image. */
export interface FakeImage extends Thing {
  name: string;
  architecture: string;
  owner: 'self' | 'amazon';
  /** Of its root volume. */
  snapshotId: string;
}

/** Everything that an account of AWS's holds; tests change it as they like. */
export class Account {
  readonly instances: FakeInstance[] = [];
  readonly volumes: FakeVolume[] = [];
  readonly snapshots: FakeSnapshot[] = [];
  readonly images: FakeImage[] = [];
  readonly subnets = [
    { subnetId: 'subnet-0000000000000000a', availabilityZone: 'us-east-1a', vpcId: 'vpc-1' },
    { subnetId: 'subnet-0000000000000000b', availabilityZone: 'us-east-1b', vpcId: 'vpc-1' },
  ];
  readonly groups = [{ groupId: 'sg-0123456789abcdef0', vpcId: 'vpc-1' }];
  readonly keyNames = ['operator'];
  readonly spotStatus = new Map<string, string>();
  /** How many polls a state lasts. */
  looksPerState = 1;
  /** How many polls do not find a resource that has just been created. */
  looksUnseen = 1;
  /** What the script of a provision says last, once there is a volume. */
  scriptSays = "MiniTwit's warehouse is ready: create the image now.";

  constructor() {
    this.addImage({ id: 'ami-0123456789abcdef0' });
    this.addImage({ id: 'ami-0000000000000000a', architecture: 'arm64' });
    this.addImage({ id: 'ami-0000000000000000b', states: ['pending'] });
    this.addImage({ name: 'al2023-ami-2023.9-kernel-6.1-x86_64', owner: 'amazon' });
  }

  addVolume(fields: Partial<FakeVolume> = {}): FakeVolume {
    const volume = {
      ...newThing('vol', ['available']),
      zone: 'us-east-1a',
      sizeGib: 100,
      attachment: null,
      endsWith: null,
      token: '',
      isHeld: false,
      ...fields,
    };
    this.volumes.push(volume);
    return volume;
  }

  addInstance(fields: Partial<FakeInstance> = {}): FakeInstance {
    const instance = {
      ...newThing('i', ['running']),
      type: 't3.large',
      imageId: '',
      subnetId: '',
      zone: 'us-east-1a',
      keyName: '',
      userData: '',
      shutdownBehavior: 'stop',
      httpTokens: 'optional',
      spotRequestId: null,
      token: '',
      console: '',
      ...fields,
    };
    this.instances.push(instance);
    return instance;
  }

  addSnapshot(fields: Partial<FakeSnapshot> = {}): FakeSnapshot {
    const snapshot = {
      ...newThing('snap', ['completed']),
      volumeId: '',
      description: '',
      ...fields,
    };
    this.snapshots.push(snapshot);
    return snapshot;
  }

  addImage(fields: Partial<FakeImage> = {}): FakeImage {
    const image: FakeImage = {
      ...newThing('ami', ['available']),
      name: 'minitwit-warehouse',
      architecture: 'x86_64',
      owner: 'self',
      snapshotId: '',
      ...fields,
    };
    this.images.push(image);
    return image;
  }

  /** What costs, but for a volume that was there before and its snapshots: that is what a warehouse is. */
  billing(): string[] {
    const isMade = ({ tags }: Thing) => 'minitwit:run' in tags;
    const instances = this.instances.filter(({ states }) => states[0] !== 'terminated');
    const volumes = this.volumes.filter((it) => it.attachment ?? it.endsWith ?? isMade(it));
    const images = this.images.filter(isMade);
    return [...instances, ...volumes, ...images].map(({ id, states }) => `${id} ${states[0]}`);
  }

  /** Lets time go by for a thing that is looked at. Gives whether it is seen at all. */
  look(thing: Thing): boolean {
    if (thing.unseen > 0) {
      thing.unseen -= 1;
      return false;
    }
    return true;
  }

  /** Lets the states of a thing and of what hangs on it go on. */
  age(thing: Thing): void {
    advance(thing.states);
    if (thing.states[0] === 'terminated') this.release(thing.id);
  }

  /** An instance has ended: its own volumes are gone, and others are free. */
  private release(instanceId: string): void {
    for (const volume of this.volumes.filter((it) => it.attachment?.instanceId === instanceId)) {
      volume.attachment = null;
      volume.states = ['available'];
    }
    const gone = this.volumes.filter(({ endsWith }) => endsWith === instanceId);
    for (const volume of gone) this.volumes.splice(this.volumes.indexOf(volume), 1);
  }
}

/** Goes to the next state, if there is one. */
export function advance(states: string[]): void {
  if (states.length > 1) states.shift();
}

function newThing(prefix: string, states: string[]): Thing {
  const id = `${prefix}-0${randomBytes(8).toString('hex')}`;
  return { id, tags: {}, states, unseen: 0, createdAt: new Date() };
}
