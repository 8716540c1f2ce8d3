import {
  CreateImageCommand,
  DeregisterImageCommand,
  type EC2Client,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { ask, unlessMissing } from '../failures.ts';
import { type Image, listImages } from './images.ts';
import { type Tags, tagSpecifications } from './tags.ts';

/** The newest plain Amazon Linux 2023 for an architecture, `x86_64` or `arm64`; null when there is none here. */
export async function findAmazonLinux(ec2: EC2Client, architecture: string): Promise<Image | null> {
  const images = await listImages(ec2, 'amazon', [
    // neither the minimal one nor those for containers
    { Name: 'name', Values: [`al2023-ami-2023.*-${architecture}`] },
    { Name: 'architecture', Values: [architecture] },
    { Name: 'state', Values: ['available'] },
  ]);
  return images.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))[0] ?? null;
}

/** Stops an instance, which keeps its disk and can be made an image. */
export async function stopInstance(ec2: EC2Client, id: string): Promise<void> {
  const request = new StopInstancesCommand({ InstanceIds: [id] });
  await ask(`Cannot stop the instance ${id}`, ec2.send(request));
}

/** Makes an image of an instance; it is still `pending` then. */
export async function createImage(
  ec2: EC2Client,
  instanceId: string,
  { name, description, tags }: { name: string; description: string; tags: Tags },
): Promise<string> {
  const request = new CreateImageCommand({
    InstanceId: instanceId,
    Name: name,
    Description: description,
    TagSpecifications: tagSpecifications(tags, 'image', 'snapshot'),
  });
  const answer = await ask(`Cannot make an image of ${instanceId}`, ec2.send(request));
  return z.object({ ImageId: z.string() }).parse(answer).ImageId;
}

/** Removes an image with the snapshots that it is made of; one that is gone already is fine. */
export async function removeImage(ec2: EC2Client, id: string): Promise<void> {
  const request = new DeregisterImageCommand({ ImageId: id, DeleteAssociatedSnapshots: true });
  await unlessMissing(ask(`Cannot remove the image ${id}`, ec2.send(request)));
}
