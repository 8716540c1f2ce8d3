import {
  CreateSnapshotCommand,
  CreateVolumeCommand,
  type CreateVolumeCommandInput,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { onTestFinished } from 'vitest';
import { createEc2 } from '../../../src/aws/clients.ts';
import { tagSpecifications } from '../../../src/aws/ec2/tags.ts';
import { resourceTags } from '../../../src/warehouse/tags.ts';

/** The run that all of these snapshots are of. */
export const RUN = '20261123T001500Z-3f9a';

/** Makes a volume of 20 GiB. */
export async function makeVolume(
  zone = 'us-east-1b',
  kind: Partial<CreateVolumeCommandInput> = { VolumeType: 'gp2' },
): Promise<string> {
  const ec2 = open();
  const { VolumeId = '' } = await ec2.send(
    new CreateVolumeCommand({ AvailabilityZone: zone, Size: 20, Encrypted: true, ...kind }),
  );
  return VolumeId;
}

/** Makes a snapshot that is older than those before it, since moto has them all in the same second. */
export async function snap(volumeId: string, warehouse = volumeId): Promise<string> {
  const TagSpecifications = tagSpecifications(resourceTags(warehouse, RUN), 'snapshot');
  const { SnapshotId = '' } = await open().send(
    new CreateSnapshotCommand({ VolumeId: volumeId, TagSpecifications }),
  );
  return SnapshotId;
}

/** Gives, for a command's input, what is answered in place of the emulator; undefined where that answers. */
export type Answer = (input: Record<string, unknown>) => unknown;

/** A client for which something else answers some commands, where it does. */
export function answering(answers: Record<string, Answer>): EC2Client {
  const client = open();
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const output = await answers[commandName.replace('Command', '')]?.(
          args.input as Record<string, unknown>,
        );
        return output === undefined ? next(args) : { output: output as never, response: null };
      },
    { step: 'initialize' },
  );
  return client;
}

/** An error as AWS's SDK throws it. */
export function refusal(name: string): Error {
  return Object.assign(new Error('no'), { name, $metadata: {} });
}

/** A client that lasts as long as the test. */
export function open(): EC2Client {
  const client = createEc2();
  onTestFinished(() => client.destroy());
  return client;
}
