import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

const texts = z.union([z.string().transform((text) => [text]), z.array(z.string())]);
const policySchema = z.object({
  Statement: z.array(
    z.object({
      Sid: z.string(),
      Action: texts,
      Resource: texts,
      Condition: z.unknown().optional(),
    }),
  ),
});

const [, json = ''] =
  /^```json\n([^]*?)^```/m.exec(readFileSync('docs/warehouse.md', 'utf8')) ?? [];
const { Statement: statements } = policySchema.parse(JSON.parse(json));
const allowed = new Set(statements.flatMap(({ Action }) => Action));

// What S3 calls by another name, or by none.
const S3_ACTIONS: Record<string, string> = {
  HeadBucket: 's3:ListBucket',
  ListObjectsV2: 's3:ListBucket',
  CreateMultipartUpload: 's3:PutObject',
  AbortMultipartUpload: 's3:AbortMultipartUpload',
  GetObject: 's3:GetObject',
};

/** The actions that the warehouse asks AWS for. */
const asked = new Set(
  globSync('src/{warehouse,aws/ec2}/**/*.ts').flatMap((file) =>
    Array.from(
      readFileSync(file, 'utf8').matchAll(/new (\w+)Command\b|paginate(ListObjectsV2)\(/g),
      ([, command, listing]) => {
        const name = command ?? listing ?? '';
        return S3_ACTIONS[name] ?? `ec2:${name}`;
      },
    ),
  ),
);

test('the policy in the documentation allows what the warehouse does, and nothing else', () => {
  expect(asked.size).toBeGreaterThan(20);
  expect(Array.from(allowed).toSorted()).toEqual(Array.from(asked).toSorted());
});

test('what changes something is bound to the tag, or to what an instance is started from', () => {
  const unbound = statements.filter(({ Condition }) => Condition === undefined);
  expect(unbound.map(({ Sid }) => Sid)).toEqual(['Describe', 'RunFromAnyImage', 'UseBucket']);
  const [look, start] = unbound;
  expect(look?.Action.filter((action) => !action.startsWith('ec2:Describe'))).toEqual([]);
  expect(start?.Action).toEqual(['ec2:RunInstances']);
  expect(start?.Resource.filter((arn) => /:(instance|volume)\//.test(arn))).toEqual([]);
});
