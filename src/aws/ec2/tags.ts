import {
  CreateTagsCommand,
  type EC2Client,
  type Filter,
  type ResourceType,
  type Tag,
  type TagSpecification,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { withAwsError } from '../errors.ts';

/** The tag whose value is the run that made something. */
export const RUN_TAG = 'minitwit:run';

/** The tag whose value is the volume, or the stack, that something of the warehouse's belongs to. */
export const WAREHOUSE_TAG = 'minitwit:warehouse';

/** What AWS keeps beside a thing of ours: names and values. */
export type Tags = Record<string, string>;

/** Says it for a request that makes things of these kinds. */
export function tagSpecifications(tags: Tags, ...kinds: ResourceType[]): TagSpecification[] {
  return kinds.map((ResourceType) => ({ ResourceType, Tags: toTagList(tags) }));
}

/** Finds what has this tag, with this value where one is given. */
export function tagFilter(name: string, value?: string): Filter {
  return value === undefined
    ? { Name: 'tag-key', Values: [name] }
    : { Name: `tag:${name}`, Values: [value] };
}

/** Reads the tags in an answer of AWS's, which has none for a thing without. */
export const tagsSchema = z
  .array(z.object({ Key: z.string(), Value: z.string().default('') }))
  .default([])
  .transform((tags): Tags => Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])));

/** Puts tags on things that there are already, in one request. */
export async function addTags(ec2: EC2Client, ids: string[], tags: Tags): Promise<void> {
  const request = ec2.send(new CreateTagsCommand({ Resources: ids, Tags: toTagList(tags) }));
  await withAwsError(`Cannot tag ${ids.join(', ')}`, request);
}

function toTagList(tags: Tags): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
