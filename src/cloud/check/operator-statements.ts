import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { BOUNDARY } from '../boundary.ts';

const TEMPLATE = new URL('../../../cloud/operator.yaml', import.meta.url);

const texts = z.union([z.string().transform((text) => [text]), z.array(z.string())]);
const statementSchema = z.object({
  Sid: z.string(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: texts,
  Resource: texts,
  Condition: z.record(z.string(), z.record(z.string(), texts)).default({}),
});

/** A statement of a policy, with arrays in place of single values. */
export type Statement = z.infer<typeof statementSchema>;

const policySchema = z.object({
  Type: z.literal('AWS::IAM::ManagedPolicy'),
  Properties: z.object({
    ManagedPolicyName: z.string(),
    PolicyDocument: z.object({ Statement: z.array(z.unknown()) }),
  }),
});

/**
 * Lists the statements in cloud/operator.yaml that allow the operator's requests, except those on the operator's own
 * identity, whose resources contain variables.
 */
export async function listOperatorStatements(partition: string): Promise<Statement[]> {
  const text = (await readFile(TEMPLATE, 'utf8')).replaceAll('${AWS::Partition}', partition);
  // CloudFormation's short tags are ignored, so that `!Sub text` is its text.
  const template: unknown = parseDocument(text, { logLevel: 'silent' }).toJS();
  const { Resources } = z.object({ Resources: z.record(z.string(), z.unknown()) }).parse(template);
  return Object.values(Resources)
    .flatMap((resource) => policySchema.safeParse(resource).data ?? [])
    .filter(({ Properties }) => Properties.ManagedPolicyName !== BOUNDARY)
    .flatMap(({ Properties }) =>
      z.array(statementSchema).parse(Properties.PolicyDocument.Statement),
    )
    .filter(({ Effect, Resource }) => Effect === 'Allow' && !Resource.some(hasVariable));
}

function hasVariable(pattern: string): boolean {
  return pattern.includes('${');
}
