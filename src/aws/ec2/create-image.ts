import {
  CreateImageCommand,
  DeregisterImageCommand,
  type EC2Client,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { OperatorError } from '../../errors/operator-error.ts';
import { withAwsError, awsErrorName, nullIfNotFound } from '../errors.ts';
import { poll } from '../../cli/poll.ts';
import type { CommandContext } from '../../cli/command-context.ts';
import { pollOptions } from '../poll-options.ts';
import { findImage, type Image, listImages } from './images.ts';
import { checkInstanceState } from './instances.ts';
import { type Tags, tagSpecifications } from './tags.ts';

const STOPPED_MAX_MS = 5 * 60_000;
const IMAGE_MAX_MS = 60 * 60_000;

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

/** Stops an instance, which keeps its disk and can be made an image, and waits until nothing is written any more. */
export async function stopAndWait(
  ec2: EC2Client,
  id: string,
  context: CommandContext,
): Promise<void> {
  const request = new StopInstancesCommand({ InstanceIds: [id] });
  await withAwsError(`Cannot stop the instance ${id}`, ec2.send(request));
  const look = () => checkInstanceState(ec2, id, 'stopped');
  await poll(`The instance ${id}`, look, pollOptions(context, STOPPED_MAX_MS));
}

/** What an image is made as. */
export interface CreateImageOptions {
  instanceId: string;
  /** No other image of the account has it. */
  name: string;
  description: string;
  tags: Tags;
}

/** The request for it. */
export function createImageInput({ instanceId, name, description, tags }: CreateImageOptions) {
  return {
    InstanceId: instanceId,
    Name: name,
    Description: description,
    TagSpecifications: tagSpecifications(tags, 'image', 'snapshot'),
  };
}

/**
 * Makes an image of an instance, once; it is still `pending` then.
 * @param find finds what was made when the answer was lost: asked again, AWS says that there is one of this name
 */
export async function createImage(
  ec2: EC2Client,
  order: CreateImageOptions,
  find: () => Promise<string[]>,
): Promise<string> {
  const attempt = `Cannot make an image of ${order.instanceId}`;
  try {
    const answer = await withAwsError(
      attempt,
      ec2.send(new CreateImageCommand(createImageInput(order))),
    );
    return z.object({ ImageId: z.string() }).parse(answer).ImageId;
  } catch (error) {
    if (awsErrorName(error) !== 'InvalidAMIName.Duplicate') throw error;
    const [id] = await find();
    if (id === undefined) throw error;
    return id;
  }
}

/** Waits until an image can be used; until then, what it is made of must stay. */
export async function waitForImage(
  ec2: EC2Client,
  id: string,
  context: CommandContext,
): Promise<void> {
  const look = async () => {
    const state = (await findImage(ec2, id))?.state ?? 'not known yet';
    if (state === 'failed') throw new OperatorError(`AWS could not make the image ${id}.`);
    return state === 'available' ? { done: true } : { pending: state };
  };
  await poll(`The image ${id}`, look, pollOptions(context, IMAGE_MAX_MS));
}

/** Removes an image with the snapshots that it is made of; one that is gone already is fine. */
export async function deregisterImage(ec2: EC2Client, id: string): Promise<void> {
  const request = new DeregisterImageCommand({ ImageId: id, DeleteAssociatedSnapshots: true });
  await nullIfNotFound(withAwsError(`Cannot remove the image ${id}`, ec2.send(request)));
}
