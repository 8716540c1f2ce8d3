import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Layers } from '../../deploy/layers.ts';
import type { Defer } from '../../support/cleanup.ts';
import { createInstance, createKey, type Instance } from '../machine/instance.ts';
import { createVolume, type Volume } from '../machine/volume.ts';
import { type ProxyHooks, type Emulator, read, startProxy } from './proxy.ts';

const run = promisify(execFile);

/** The resources of a cloud, by AWS's ids. */
interface Resources {
  folder: string;
  /** The private key of the only key pair, which every instance accepts. */
  keyFile: string;
  /** The folder of an `ssh` that connects to the machine that was started last. */
  bin: string;
  /** Whether machines start without dnf. */
  isWithoutDnf: boolean;
  /** Whether RunInstances returns only when the instance has booted, so that no poll is needed. */
  answersWhenBooted: boolean;
  /** The machines that are up, or stopped. */
  instances: Map<string, Instance>;
  images: Map<string, Layers>;
  volumes: Map<string, Volume>;
}

/** An emulated EC2 whose instances are machines and whose volumes are disks. */
export interface Cloud extends Resources {
  url: string;
  /** Every requested action in order, without those that only read. */
  actions: string[];
}

/** Starts machines for the instances of an EC2 emulator, until the end. */
export async function openCloud(defer: Defer, emulator: Emulator): Promise<Cloud> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-cloud-'));
  defer(() => rm(folder, { recursive: true }));
  const cloud: Cloud = {
    url: '',
    folder,
    keyFile: await createKey(folder),
    bin: await mkdtemp(join(folder, 'bin-')),
    isWithoutDnf: false,
    answersWhenBooted: false,
    instances: new Map(),
    images: new Map(),
    volumes: new Map(),
    actions: [],
  };
  const server = await startProxy(emulator, createHooks(cloud, defer), cloud.actions);
  defer(() => {
    server.close();
    server.closeAllConnections();
  });
  cloud.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return cloud;
}

function createHooks(cloud: Resources, defer: Defer): ProxyHooks {
  const { folder, instances, images, volumes, keyFile } = cloud;
  const sideEffects: ProxyHooks['sideEffects'] = {
    RunInstances: async (request, answer) => {
      const image = images.get(request.get('ImageId') ?? '');
      const userData = Buffer.from(request.get('UserData') ?? '', 'base64').toString();
      const id = read(answer, 'instanceId');
      const instance = await createInstance(defer, { keyFile, userData, ...(image && { image }) });
      if (cloud.isWithoutDnf) await rm(join(instance.root, 'usr/bin/dnf'));
      instances.set(id, instance);
      await (cloud.answersWhenBooted ? instance.boot() : instance.start());
      await rm(join(cloud.bin, 'ssh'), { force: true });
      await symlink(await instance.useForSsh(), join(cloud.bin, 'ssh'));
    },
    CreateVolume: async (request, answer) => {
      const snapshot = request.get('SnapshotId');
      const content = snapshot ? { file: join(folder, snapshot) } : {};
      volumes.set(read(answer, 'volumeId'), await createVolume(defer, content));
    },
    AttachVolume: async (request) => {
      const volume = get(volumes, request.get('VolumeId'));
      await get(instances, request.get('InstanceId')).attach(volume, 'xvdf');
    },
    DetachVolume: async (request) => {
      const instance = get(instances, request.get('InstanceId'));
      const { output } = await instance.run('findmnt --source /dev/xvdf');
      if (output) throw new Error(`A volume is detached that is mounted: ${output}`);
      await instance.detach('xvdf');
    },
    CreateSnapshot: async (request, answer) => {
      const { file } = get(volumes, request.get('VolumeId'));
      await run('cp', ['--sparse=always', file, join(folder, read(answer, 'snapshotId'))]);
    },
    StopInstances: async (request) => get(instances, request.get('InstanceId.1')).powerOff(),
    CreateImage: async (request, answer) => {
      const id = read(answer, 'imageId');
      const instance = get(instances, request.get('InstanceId'));
      images.set(id, await instance.saveImage(join(folder, id)));
    },
    TerminateInstances: async (request) => {
      const id = request.get('InstanceId.1') ?? '';
      await instances.get(id)?.destroy();
      instances.delete(id);
    },
  };
  const overrides: ProxyHooks['overrides'] = {
    GetConsoleOutput: (request, answer) => {
      const consoleOutput = instances.get(request.get('InstanceId') ?? '')?.console() ?? '';
      const output = Buffer.from(consoleOutput).toString('base64');
      return answer.replace(/<output>[^]*<\/output>|<output\s*\/>/, `<output>${output}</output>`);
    },
  };
  return { sideEffects, overrides };
}

function get<Resource>(resources: Map<string, Resource>, id: string | null): Resource {
  const resource = resources.get(id ?? '');
  if (!resource) throw new Error(`There is no ${id}`);
  return resource;
}
