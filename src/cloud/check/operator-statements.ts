import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { BOUNDARY } from '../boundary.ts';
import type { Caller } from '../caller.ts';

// The name of the role in the template.
const SCHEDULER = 'minitwit-scheduler';
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

const templateSchema = z.object({
  Resources: z.record(z.string(), z.object({ Properties: z.record(z.string(), z.unknown()) })),
});
const groupSchema = z.object({ ManagedPolicyArns: z.array(z.string()) });
const policySchema = z.object({
  PolicyDocument: z.object({ Statement: z.array(statementSchema) }),
});

/**
 * Lists the statements in cloud/operator.yaml that allow the requests of the group of operators, except those whose
 * resources contain variables: the operator's own identity, and the hosted zone.
 */
export async function listOperatorStatements({
  partition,
  account,
}: Pick<Caller, 'partition' | 'account'>): Promise<Statement[]> {
  const text = (await readFile(TEMPLATE, 'utf8'))
    .replaceAll('${AWS::Partition}', partition)
    .replaceAll('!Ref Boundary', `arn:${partition}:iam::${account}:policy/${BOUNDARY}`)
    .replaceAll('!GetAtt Scheduler.Arn', `arn:${partition}:iam::${account}:role/${SCHEDULER}`);
  // The tags of other functions are ignored, so that `!Sub text` is its text, and `!Ref Name` is `Name`.
  const template: unknown = parseDocument(text, { logLevel: 'silent' }).toJS();
  const { Resources } = templateSchema.parse(template);
  return groupSchema
    .parse(Resources.Operators?.Properties)
    .ManagedPolicyArns.map((name) => policySchema.parse(Resources[name]?.Properties))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
    .filter(({ Effect, Resource }) => Effect === 'Allow' && !Resource.some(hasVariable));
}

function hasVariable(pattern: string): boolean {
  return pattern.includes('${');
}
