import {
  CreateImageCommand,
  DeregisterImageCommand,
  type EC2Client,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import type { CommandContext } from '../../cli/command-context.ts';
import { poll } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { isAwsError, nullIfNotFound, withAwsError } from '../errors.ts';
import { pollOptions } from '../poll-options.ts';
import { findImage, type Image, listImages } from './images.ts';
import { checkInstanceState } from './instances.ts';
import { tagSpecifications } from './tags.ts';
import type { Tags } from '../tags.ts';

const STOPPED_MAX_MS = 5 * 60_000;
const IMAGE_MAX_MS = 60 * 60_000;

/**
 * Returns the newest standard Amazon Linux 2023 for an architecture, `x86_64` or `arm64`, or null if this region has
 * none.
 */
export async function findAmazonLinux(ec2: EC2Client, architecture: string): Promise<Image | null> {
  const images = await listImages(ec2, 'amazon', [
    // This pattern matches neither the minimal images nor those for containers.
    { Name: 'name', Values: [`al2023-ami-2023.*-${architecture}`] },
    { Name: 'architecture', Values: [architecture] },
    { Name: 'state', Values: ['available'] },
  ]);
  return images.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))[0] ?? null;
}

/** Stops an instance and waits until it is stopped, so that an image of it has all that was written. */
export async function stopInstanceAndWait(
  ec2: EC2Client,
  id: string,
  context: CommandContext,
): Promise<void> {
  const request = new StopInstancesCommand({ InstanceIds: [id] });
  await withAwsError(`Cannot stop the instance ${id}`, ec2.send(request));
  const checkStopped = () => checkInstanceState(ec2, id, 'stopped');
  await poll(`The instance ${id}`, checkStopped, pollOptions(context, STOPPED_MAX_MS));
}

/** An image to create. */
export interface CreateImageOptions {
  instanceId: string;
  /** Unique in the account and region. */
  name: string;
  description: string;
  tags: Tags;
}

/** Returns the input of CreateImage. */
export function createImageInput({ instanceId, name, description, tags }: CreateImageOptions) {
  return {
    InstanceId: instanceId,
    Name: name,
    Description: description,
    TagSpecifications: tagSpecifications(tags, 'image', 'snapshot'),
  };
}

/**
 * Creates an image of an instance and returns its id. The image is still `pending`. Idempotent, since names are unique.
 * @param find lists the ids of the images of this name, for the case that an earlier response was lost
 */
export async function createImage(
  ec2: EC2Client,
  options: CreateImageOptions,
  find: () => Promise<string[]>,
): Promise<string> {
  const attempt = `Cannot create an image of ${options.instanceId}`;
  const request = ec2.send(new CreateImageCommand(createImageInput(options)));
  try {
    const response = await withAwsError(attempt, request);
    return z.string().parse(response.ImageId);
  } catch (error) {
    if (!isAwsError(error, 'InvalidAMIName.Duplicate')) throw error;
    const [id] = await find();
    if (id === undefined) throw error;
    return id;
  }
}

/** Waits until an image is available. Until then, its instance and volumes must not be deleted. */
export async function waitForImage(
  ec2: EC2Client,
  id: string,
  context: CommandContext,
): Promise<void> {
  const checkAvailable = async () => {
    const state = (await findImage(ec2, id))?.state ?? 'not known yet';
    if (state === 'failed') throw new OperatorError(`AWS could not create the image ${id}.`);
    return state === 'available' ? { done: true } : { pending: state };
  };
  await poll(`The image ${id}`, checkAvailable, pollOptions(context, IMAGE_MAX_MS));
}

/** Deregisters an image, and deletes its snapshots. Idempotent. */
export async function deregisterImage(ec2: EC2Client, id: string): Promise<void> {
  const request = new DeregisterImageCommand({ ImageId: id, DeleteAssociatedSnapshots: true });
  await nullIfNotFound(withAwsError(`Cannot deregister the image ${id}`, ec2.send(request)));
}
