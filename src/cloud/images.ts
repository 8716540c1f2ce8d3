import type { EC2Client } from '@aws-sdk/client-ec2';
import { type Image, listImages } from '../aws/ec2/images.ts';
import { tagFilter } from '../aws/ec2/tags.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { formatImageCommand, PROGRAM } from './format-command.ts';

/** The tag of an image whose value is its version of MiniTwit, or BUILDER until the image is complete. */
export const IMAGE_TAG = 'minitwit:image';

/** The tag of an image whose value is its commit. */
export const COMMIT_TAG = 'minitwit:commit';

/** The tag of an image whose value is the number of its last migration. */
export const SCHEMA_TAG = 'minitwit:schema';

/** The value of IMAGE_TAG on temporary resources that create an image. */
export const BUILDER = 'builder';

/** An image of MiniTwit. */
export interface MiniTwitImage extends Image {
  /** The version in package.json: `1.3.0`. */
  version: string;
  /** The full hash of the commit. */
  commit: string;
  /** The number of its last migration. Images of a version before 1.9.0 have 1. */
  schemaVersion: number;
}

/** Lists the available images of MiniTwit, newest first. */
export async function listMiniTwitImages(ec2: EC2Client): Promise<MiniTwitImage[]> {
  const images = await listImages(ec2, 'self', [
    tagFilter(IMAGE_TAG),
    { Name: 'state', Values: ['available'] },
  ]);
  return images
    .map(toMiniTwitImage)
    .filter(({ version }) => version !== BUILDER)
    .toSorted((a, b) => (ageKey(a) < ageKey(b) ? 1 : -1));
}

/** Returns the newest available image of MiniTwit, or null if there is none. */
export async function findNewestImage(ec2: EC2Client): Promise<MiniTwitImage | null> {
  return (await listMiniTwitImages(ec2))[0] ?? null;
}

/** Returns the image of MiniTwit of this id in this account, which may not be available yet, or null. */
export async function findImage(ec2: EC2Client, id: string): Promise<MiniTwitImage | null> {
  const [image] = await listImages(ec2, 'self', [
    tagFilter(IMAGE_TAG),
    { Name: 'image-id', Values: [id] },
  ]);
  return image && image.tags[IMAGE_TAG] !== BUILDER ? toMiniTwitImage(image) : null;
}

/**
 * Returns an image of MiniTwit in this account, which may not be available yet.
 * @throws OperatorError when there is none of this id
 */
export async function requireImage(ec2: EC2Client, id: string): Promise<MiniTwitImage> {
  const image = await findImage(ec2, id);
  if (image) return image;
  throw new OperatorError(
    `There is no image ${id} of MiniTwit in this account and region. Run ${PROGRAM} status to list the images.`,
  );
}

function toMiniTwitImage(image: Image): MiniTwitImage {
  const { tags } = image;
  return {
    ...image,
    version: tags[IMAGE_TAG] ?? '',
    commit: tags[COMMIT_TAG] ?? '',
    schemaVersion: Number(tags[SCHEMA_TAG] ?? 1),
  };
}

/** Returns the error for an account without an image of MiniTwit, with the command that creates one. */
export function noImageError(): OperatorError {
  return new OperatorError(
    `There is no image of MiniTwit in this region. Run ${formatImageCommand()} to create one.`,
  );
}

/** Returns the error for an image that does not exist, with the command that creates one. */
export function imageNotFoundError(id: string): OperatorError {
  return new OperatorError(
    `There is no image ${id} in this region. Run ${formatImageCommand()} to create one.`,
  );
}

/** Returns a key that sorts images by age. Images of the same second are sorted by name. */
function ageKey({ createdAt, name }: MiniTwitImage): string {
  return `${createdAt} ${name}`;
}
