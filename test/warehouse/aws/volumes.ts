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

/** The run of all snapshots. */
export const RUN = '20261123T001500Z-3f9a';

/** Creates a volume of 20 GiB. */
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

/** Creates a snapshot. */
export async function snap(volumeId: string, warehouse = volumeId): Promise<string> {
  const TagSpecifications = tagSpecifications(resourceTags(warehouse, RUN), 'snapshot');
  const { SnapshotId = '' } = await open().send(
    new CreateSnapshotCommand({ VolumeId: volumeId, TagSpecifications }),
  );
  return SnapshotId;
}

/** Returns the output for a command's input, or undefined when the emulator is to answer. */
export type Answer = (input: Record<string, unknown>) => unknown;

/** Creates a client with other answers than the emulator's for some commands. */
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

/** Creates an error like those of AWS's SDK. */
export function refusal(name: string): Error {
  return Object.assign(new Error('no'), { name, $metadata: {} });
}

/** Creates a client that is destroyed after the test. */
export function open(): EC2Client {
  const client = createEc2();
  onTestFinished(() => client.destroy());
  return client;
}
