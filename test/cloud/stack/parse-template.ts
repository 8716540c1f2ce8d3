import { parse, type ScalarTag, type CollectionTag, type YAMLMap, type YAMLSeq } from 'yaml';
import { z } from 'zod';

/** A template, with CloudFormation's functions in their long form, as in JSON. */
export type Template = z.infer<typeof templateSchema>;

const section = z.record(z.string(), z.record(z.string(), z.unknown()));
const templateSchema = z.object({
  Parameters: z
    .record(
      z.string(),
      z.looseObject({
        Type: z.string(),
        Default: z.union([z.string(), z.number()]).transform(String).optional(),
      }),
    )
    .default({}),
  Conditions: section.default({}),
  Resources: z.record(
    z.string(),
    z.looseObject({
      Type: z.string(),
      Condition: z.string().optional(),
      DeletionPolicy: z.string().optional(),
      UpdateReplacePolicy: z.string().optional(),
      Properties: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
  Outputs: z
    .record(z.string(), z.looseObject({ Condition: z.string().optional(), Value: z.unknown() }))
    .default({}),
});

const FUNCTIONS = [
  'Base64',
  'Equals',
  'GetAtt',
  'GetAZs',
  'If',
  'Join',
  'Not',
  'Or',
  'And',
  'Select',
  'Split',
  'Sub',
];

const tags = ['Ref', 'Condition', ...FUNCTIONS].flatMap((name): (ScalarTag | CollectionTag)[] => {
  const long = FUNCTIONS.includes(name) ? `Fn::${name}` : name;
  const resolve = (node: YAMLMap | YAMLSeq) => ({ [long]: node.toJSON() as unknown });
  return [
    { tag: `!${name}`, resolve: (text) => ({ [long]: name === 'GetAtt' ? atDot(text) : text }) },
    { tag: `!${name}`, collection: 'seq', resolve },
    { tag: `!${name}`, collection: 'map', resolve },
  ];
});

/** Parses a template in YAML. CloudFormation uses YAML 1.1. */
export function parseTemplate(text: string, version: '1.1' | '1.2' = '1.1'): Template {
  return templateSchema.parse(parse(text, { version, customTags: tags }));
}

function atDot(text: string): string[] {
  const at = text.indexOf('.');
  return [text.slice(0, at), text.slice(at + 1)];
}
