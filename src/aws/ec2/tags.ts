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

/** The tag whose value is the id of the run that created a resource. */
export const RUN_TAG = 'minitwit:run';

/** The tag of the warehouse's resources, whose value is the id of its volume, or the name of its stack. */
export const WAREHOUSE_TAG = 'minitwit:warehouse';

/** Values of tags by their names. */
export type Tags = Record<string, string>;

/** Returns the part of a request that tags each resource of these types on creation. */
export function tagSpecifications(tags: Tags, ...types: ResourceType[]): TagSpecification[] {
  return types.map((ResourceType) => ({ ResourceType, Tags: toTagList(tags) }));
}

/** Returns a filter for resources with a tag. Without `value`, each value of the tag matches. */
export function tagFilter(name: string, value?: string): Filter {
  return value === undefined
    ? { Name: 'tag-key', Values: [name] }
    : { Name: `tag:${name}`, Values: [value] };
}

/** Validates and converts the tags in a response. AWS leaves them out for a resource without tags. */
export const tagsSchema = z
  .array(z.object({ Key: z.string(), Value: z.string().default('') }))
  .default([])
  .transform((tags): Tags => Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])));

/** Adds tags to resources of EC2, in one request. */
export async function addTags(ec2: EC2Client, ids: string[], tags: Tags): Promise<void> {
  const request = ec2.send(new CreateTagsCommand({ Resources: ids, Tags: toTagList(tags) }));
  await withAwsError(`Cannot tag ${ids.join(', ')}`, request);
}

/** Returns tags as AWS's requests take them. */
export function toTagList(tags: Tags): (Tag & { Key: string; Value: string })[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
