import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { parseTemplate } from '../stack/parse-template.ts';

/** The hosted zone of the operators. */
export const ZONE = 'Z0123456789ABC';
/** The account, region and partition in the ARNs of the policies. */
export const ACCOUNT = '123456789012';
export const BOUNDARY_ARN = `arn:aws:iam::${ACCOUNT}:policy/minitwit-boundary`;

/** The ARNs of the roles of scheduled runs, by their names in the template. */
const ROLES: Record<string, string> = {
  Scheduler: `arn:aws:iam::${ACCOUNT}:role/minitwit-scheduler`,
  ScheduledRun: `arn:aws:iam::${ACCOUNT}:role/minitwit-scheduled-run`,
};

const texts = z.union([z.string().transform((text) => [text]), z.array(z.string())]);
const statementSchema = z.looseObject({
  Sid: z.string(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: texts,
  Resource: texts,
  Condition: z.record(z.string(), z.record(z.string(), texts)).optional(),
});

/** A statement of a policy. Actions, resources and values of conditions are arrays. */
export type Statement = z.infer<typeof statementSchema>;

/** A policy of cloud/operator.yaml. */
export interface Policy {
  /** Its name in IAM: `minitwit-operator-stack`. */
  name: string;
  document: { Version: string; Statement: Statement[] };
  /** Its text in JSON without spaces, which IAM measures. */
  text: string;
}

const propertiesSchema = z.object({
  ManagedPolicyName: z.string(),
  PolicyDocument: z.object({ Version: z.string(), Statement: z.array(statementSchema) }),
});

const template = parseTemplate(readFileSync('cloud/operator.yaml', 'utf8'));

/** Lists the managed policies in cloud/operator.yaml, with CloudFormation's functions replaced by their results. */
export function listOperatorPolicies(): Policy[] {
  return Object.values(template.Resources)
    .filter(({ Type }) => Type === 'AWS::IAM::ManagedPolicy')
    .map(({ Properties }) => {
      const resolved = resolve(Properties);
      const { ManagedPolicyName: name, PolicyDocument: document } =
        propertiesSchema.parse(resolved);
      return {
        name,
        document,
        text: JSON.stringify((resolved as typeof Properties).PolicyDocument),
      };
    });
}

/** Lists the policies of the group of operators, in the order of their attachment. */
export function listAttachedPolicies(): Policy[] {
  const { ManagedPolicyArns } = z
    .object({ ManagedPolicyArns: z.array(z.object({ Ref: z.string() })) })
    .parse(template.Resources.Operators?.Properties);
  const names = new Set(
    ManagedPolicyArns.map(({ Ref }) => template.Resources[Ref]?.Properties.ManagedPolicyName),
  );
  return listOperatorPolicies().filter(({ name }) => names.has(name));
}

/** Replaces the functions in a value as CloudFormation does. */
function resolve(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolve);
  if (typeof value !== 'object' || value === null) return value;
  const { Ref, 'Fn::Sub': text, 'Fn::GetAtt': attribute } = value as Record<string, unknown>;
  if (typeof text === 'string') {
    return text
      .replaceAll('${AWS::Partition}', 'aws')
      .replaceAll('${HostedZoneId}', ZONE)
      .replaceAll('${!', '${');
  }
  if (Ref === 'Boundary') return BOUNDARY_ARN;
  if (Array.isArray(attribute) && attribute[0] in ROLES) return ROLES[attribute[0] as string];
  if (Ref === 'AWS::StackId') {
    return `arn:aws:cloudformation:eu-central-1:${ACCOUNT}:stack/minitwit-operator/1a2b`;
  }
  if (Ref !== undefined || Object.keys(value).some((key) => key.startsWith('Fn::'))) {
    throw new Error(`This test cannot resolve ${JSON.stringify(value)}.`);
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolve(each)]));
}
