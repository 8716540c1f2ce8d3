import {
  CreateTagsCommand,
  type EC2Client,
  type Filter,
  type ResourceType,
  type TagSpecification,
} from '@aws-sdk/client-ec2';
import { withAwsError } from '../errors.ts';
import { type Tags, toTagList } from '../tags.ts';

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

/** Adds tags to resources of EC2, in one request. */
export async function addTags(ec2: EC2Client, ids: string[], tags: Tags): Promise<void> {
  const request = ec2.send(new CreateTagsCommand({ Resources: ids, Tags: toTagList(tags) }));
  await withAwsError(`Cannot tag ${ids.join(', ')}`, request);
}
