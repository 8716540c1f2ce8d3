import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { z } from 'zod';

const TEMPLATE = new URL('../../../cloud/minitwit.yaml', import.meta.url);
const USER_DATA = new URL('../../../userdata/minitwit.sh', import.meta.url);

/** A parameter of a template, whose default is null where it has to be given. */
export interface Parameter {
  name: string;
  default: string | null;
}

/**
 * Reads cloud/minitwit.yaml as CloudFormation is to get it: with userdata/minitwit.sh where its name stands,
 * whose settings CloudFormation fills in.
 */
export async function renderTemplate(): Promise<string> {
  return putIn(await readFile(TEMPLATE, 'utf8'), await readFile(USER_DATA, 'utf8'));
}

/** Lists what a template takes, in its order. */
export function listParameters(template: string): Parameter[] {
  const { Parameters } = readTemplate(template);
  return Object.entries(Parameters).map(([name, { Default }]) => ({ name, default: Default }));
}

/** Puts the script in place of its name, as a block of YAML. */
function putIn(template: string, script: string): string {
  const [, settings] =
    readTemplate(template).Resources.LaunchTemplate.Properties.LaunchTemplateData.UserData[
      'Fn::Base64'
    ];
  const escaped = script
    // what Fn::Sub would take for one of its own
    .replaceAll('${', '${!')
    .replaceAll(/^(export (\w+)=')(?=')/gm, (line, start: string, name: string) =>
      name in settings ? `${start}\${${name}}` : line,
    );
  return template.replace(
    /^( +)- userdata\/minitwit\.sh\n/m,
    (_, indent: string) => `${indent}- |\n${escaped.replaceAll(/^(?=.)/gm, `${indent}    `)}`,
  );
}

function readTemplate(template: string): z.infer<typeof templateShape> {
  // CloudFormation's short tags are none that YAML knows, and do not matter here.
  return templateShape.parse(parseDocument(template, { logLevel: 'silent' }).toJS());
}

const templateShape = z.object({
  Parameters: z.record(
    z.string(),
    z.object({
      Default: z
        .union([z.string(), z.number()])
        .transform(String)
        .nullish()
        .transform((text) => text ?? null),
    }),
  ),
  Resources: z.object({
    LaunchTemplate: z.object({
      Properties: z.object({
        LaunchTemplateData: z.object({
          UserData: z.object({
            'Fn::Base64': z.tuple([z.string(), z.record(z.string(), z.unknown())]),
          }),
        }),
      }),
    }),
  }),
});
