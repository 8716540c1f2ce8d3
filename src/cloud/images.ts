import type { EC2Client } from '@aws-sdk/client-ec2';
import { type Image, listImages } from '../aws/ec2/images.ts';
import { tagFilter } from '../aws/ec2/tags.ts';

/** The tag whose value is the version of MiniTwit in an image; BUILDER until that is done. */
export const IMAGE_TAG = 'minitwit:image';

/** The tag whose value is the commit that is in an image. */
export const COMMIT_TAG = 'minitwit:commit';

/** The value of IMAGE_TAG on everything that is there only while an image is made. */
export const BUILDER = 'builder';

/** An image of MiniTwit. */
export interface OwnImage extends Image {
  /** As in package.json: `1.3.0`. */
  version: string;
  /** Of git's, whole. */
  commit: string;
}

/** The images of MiniTwit that can be used, the newest first. */
export async function listOwnImages(ec2: EC2Client): Promise<OwnImage[]> {
  const images = await listImages(ec2, 'self', [
    tagFilter(IMAGE_TAG),
    { Name: 'state', Values: ['available'] },
  ]);
  return images
    .map((it) => ({ ...it, version: it.tags[IMAGE_TAG] ?? '', commit: it.tags[COMMIT_TAG] ?? '' }))
    .filter(({ version }) => version !== BUILDER)
    .toSorted((a, b) => (ageKey(a) < ageKey(b) ? 1 : -1));
}

/** The newest of them; null when there is none. */
export async function findNewestImage(ec2: EC2Client): Promise<OwnImage | null> {
  return (await listOwnImages(ec2))[0] ?? null;
}

// of two of the same second, the name tells
function ageKey({ createdAt, name }: OwnImage): string {
  return `${createdAt} ${name}`;
}
