import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createInstance, createKey, type Instance } from '../machine/instance.ts';
import type { Layers } from '../machine/layers.ts';
import { createVolume, type Volume } from '../machine/volume.ts';

const run = promisify(execFile);

/** An EC2 of which something happens: an emulator's, whose instances are machines and whose volumes are disks. */
export interface Cloud {
  url: string;
  /** The private key of the one key pair that lets in everywhere. */
  keyFile: string;
  /** Every action that it was asked for, in order, but for those that only look. */
  actions: string[];
  /** The machines that are up, by the ids of their instances. */
  instances: Map<string, Instance>;
  close(): Promise<void>;
}

/** What becomes of an action that the emulator has answered; what is returned is answered in its place. */
type Deed = (asked: URLSearchParams, answer: string) => Promise<string | void>;

// What the emulator fails at: the size of what an image starts from, and an image's snapshots' tags.
const UNKNOWN: Record<string, RegExp> = {
  RunInstances: /^BlockDeviceMapping/,
  CreateImage: /^TagSpecification\.2/,
};

/** Puts machines behind an emulator of AWS. */
export async function openCloud(emulator: string): Promise<Cloud> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-cloud-'));
  const keyFile = await createKey(folder);
  const instances = new Map<string, Instance>();
  const images = new Map<string, Layers>();
  const volumes = new Map<string, Volume>();
  const actions: string[] = [];

  const deeds: Record<string, Deed> = {
    RunInstances: async (asked, answer) => {
      const image = images.get(asked.get('ImageId') ?? '');
      const userData = Buffer.from(asked.get('UserData') ?? '', 'base64').toString();
      const id = read(answer, 'instanceId');
      const instance = await createInstance({ keyFile, userData, ...(image && { image }) });
      instance.login.instanceId = id;
      instances.set(id, instance);
      await instance.start();
      await instance.useForSsh();
    },
    GetConsoleOutput: async (asked, answer) => {
      const said = instances.get(asked.get('InstanceId') ?? '')?.console() ?? '';
      const output = Buffer.from(said).toString('base64');
      return answer.replace(/<output>[^]*<\/output>|<output\s*\/>/, `<output>${output}</output>`);
    },
    CreateVolume: async (asked, answer) => {
      const snapshot = asked.get('SnapshotId');
      const content = snapshot ? { file: join(folder, snapshot) } : {};
      volumes.set(read(answer, 'volumeId'), await createVolume(content));
    },
    AttachVolume: async (asked) => {
      const volume = get(volumes, asked.get('VolumeId'));
      await get(instances, asked.get('InstanceId')).attach(volume, 'xvdf');
    },
    DetachVolume: async (asked) => {
      const instance = get(instances, asked.get('InstanceId'));
      const { output } = await instance.run('findmnt --source /dev/xvdf');
      if (output) throw new Error(`A volume is detached that is mounted: ${output}`);
      await instance.detach('xvdf');
    },
    CreateSnapshot: async (asked, answer) => {
      const { file } = get(volumes, asked.get('VolumeId'));
      await run('cp', ['--sparse=always', file, join(folder, read(answer, 'snapshotId'))]);
    },
    StopInstances: async (asked) => get(instances, asked.get('InstanceId.1')).powerOff(),
    CreateImage: async (asked, answer) => {
      const id = read(answer, 'imageId');
      const instance = get(instances, asked.get('InstanceId'));
      images.set(id, await instance.saveImage(join(folder, id)));
    },
    TerminateInstances: async (asked) => {
      const id = asked.get('InstanceId.1') ?? '';
      await instances.get(id)?.destroy();
      instances.delete(id);
    },
  };

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const asked = new URLSearchParams(Buffer.concat(chunks).toString());
    const action = asked.get('Action') ?? '';
    for (const name of Array.from(asked.keys()))
      if (UNKNOWN[action]?.test(name)) asked.delete(name);
    try {
      // it wants a signature, and does not look at it
      const headers = {
        authorization: request.headers.authorization ?? '',
        'content-type': 'application/x-www-form-urlencoded',
      };
      const answered = await fetch(new URL(request.url ?? '/', emulator), {
        method: 'POST',
        headers,
        body: asked,
      });
      let text = await answered.text();
      if (answered.ok && !action.startsWith('Describe')) {
        if (action !== 'GetConsoleOutput') actions.push(action);
        text = (await deeds[action]?.(asked, text)) ?? text;
      }
      response.writeHead(answered.status, { 'content-type': 'text/xml' }).end(text);
    } catch (error) {
      console.error(action, error);
      response.writeHead(400).end(refusal(String(error)));
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;

  const close = async () => {
    server.close();
    server.closeAllConnections();
    for (const each of [...instances.values(), ...volumes.values()]) await each.destroy();
    await rm(folder, { recursive: true });
  };
  return { url: `http://127.0.0.1:${port}`, keyFile, actions, instances, close };
}

function read(answer: string, element: string): string {
  const [, text] = new RegExp(`<${element}>([^<]+)<`).exec(answer) ?? [];
  if (text === undefined) throw new Error(`There is no ${element} in ${answer}`);
  return text;
}

function get<Thing>(things: Map<string, Thing>, id: string | null): Thing {
  const thing = things.get(id ?? '');
  if (!thing) throw new Error(`There is no ${id}`);
  return thing;
}

function refusal(message: string): string {
  const text = message.replaceAll('<', '&lt;');
  return `<Response><Errors><Error><Code>TestFailed</Code><Message>${text}</Message></Error></Errors></Response>`;
}
