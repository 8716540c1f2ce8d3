import { readFileSync } from 'node:fs';
import { z } from 'zod';

const factsSchema = z.object({
  createOnly: z.array(z.string()),
  conditionalCreateOnly: z.array(z.string()),
  getsStackTags: z.boolean(),
  permissions: z.record(z.string(), z.array(z.string())),
});
const { types } = z
  .object({ types: z.record(z.string(), factsSchema) })
  .parse(JSON.parse(readFileSync(new URL('resource-types.json', import.meta.url), 'utf8')));

/**
 * The properties of a type of resource with which CloudFormation replaces a resource, or may replace it; whether the
 * resource gets the tags of its stack; and the actions of each of its handlers.
 */
export type ResourceTypeFacts = z.infer<typeof factsSchema>;

/** Returns the facts about a type of resource, from AWS's schema. Throws for a type that the data does not have. */
export function factsOf(type: string): ResourceTypeFacts {
  const facts = types[type];
  if (!facts) throw new Error(`test/cloud/aws/resource-types.json has no facts about ${type}.`);
  return facts;
}
