import {
  CreateImageCommand,
  CreateTagsCommand,
  DescribeImagesCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { tagSpecifications } from '../../src/aws/ec2/tags.ts';
import type { CloudContext } from '../../src/cloud/context.ts';
import { COMMIT_TAG, IMAGE_TAG, SCHEMA_TAG } from '../../src/cloud/images.ts';

// The newest of the images of a second is the one with the last name.
let imageCount = 0;

/**
 * Creates the newest image, as `cloud image` does, and returns its id.
 * @param schemaVersion the number of its last migration. By default, the image has no tag of it, like an earlier one
 */
export async function makeImage(
  { clients: { ec2 } }: CloudContext,
  version: string,
  schemaVersion?: number,
): Promise<string> {
  const plain = { ImageId: 'ami-12c6146b', MinCount: 1, MaxCount: 1 };
  const { Instances } = await ec2.send(new RunInstancesCommand(plain));
  const id = Instances?.[0]?.InstanceId ?? '';
  const tags = {
    [IMAGE_TAG]: version,
    [COMMIT_TAG]: '0123456789abcdef',
    ...(schemaVersion && { [SCHEMA_TAG]: String(schemaVersion) }),
  };
  const { ImageId = '' } = await ec2.send(
    new CreateImageCommand({
      InstanceId: id,
      Name: `minitwit-${String((imageCount += 1)).padStart(4, '0')}`,
      // The emulator cannot tag the snapshot as well.
      TagSpecifications: tagSpecifications(tags, 'image'),
    }),
  );
  const { Images } = await ec2.send(new DescribeImagesCommand({ ImageIds: [ImageId] }));
  const snapshots = Images?.[0]?.BlockDeviceMappings?.map(({ Ebs }) => Ebs?.SnapshotId ?? '');
  await ec2.send(
    new CreateTagsCommand({ Resources: snapshots, Tags: [{ Key: IMAGE_TAG, Value: version }] }),
  );
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  return ImageId;
}
