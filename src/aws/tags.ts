import { z } from 'zod';

/** The tag whose value is the id of the run that created a resource. */
export const RUN_TAG = 'minitwit:run';

/** The tag of the warehouse's resources, whose value is the id of its volume, or the name of its stack. */
export const WAREHOUSE_TAG = 'minitwit:warehouse';

/** Values of tags by their names. */
export type Tags = Record<string, string>;

/** Validates and converts the tags in a response. AWS leaves them out for a resource without tags. */
export const tagsSchema = z
  .array(z.object({ Key: z.string(), Value: z.string().default('') }))
  .default([])
  .transform((tags): Tags => Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])));

/** Returns tags as AWS's requests take them. */
export function toTagList(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
