import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { z } from 'zod';

const TEMPLATE = new URL('../../../cloud/minitwit.yaml', import.meta.url);
const USER_DATA = new URL('../../../userdata/minitwit.sh', import.meta.url);

/** A parameter of a template. A parameter whose default is null must be set. */
export interface TemplateParameter {
  name: string;
  default: string | null;
}

/**
 * Returns the template for CloudFormation: cloud/minitwit.yaml with the text of userdata/minitwit.sh in place of its
 * name, and without its comments, since CloudFormation accepts 51,200 bytes. CloudFormation fills in the settings of the
 * script.
 */
export async function renderTemplate(): Promise<string> {
  const template = await readFile(TEMPLATE, 'utf8');
  const withoutComments = template.replaceAll(/^ *(#.*)?\n/gm, '');
  return insertScript(withoutComments, await readFile(USER_DATA, 'utf8'));
}

/**
 * Returns the template for the creation of a stack. If the creation fails, CloudFormation deletes the database without a
 * last snapshot: the database has no data, and RDS refuses a snapshot while it creates the database, so the rollback
 * would fail. The first change of the stack must use the template itself.
 */
export function forCreation(template: string): string {
  return template.replace('DeletionPolicy: Snapshot', 'DeletionPolicy: Delete');
}

/** Lists the parameters of a template, in its order. */
export function listParameters(template: string): TemplateParameter[] {
  const { Parameters } = readTemplate(template);
  return Object.entries(Parameters).map(([name, { Default }]) => ({ name, default: Default }));
}

/** Replaces the name of the script by its text, as a block of YAML. */
function insertScript(template: string, script: string): string {
  const [, settings] =
    readTemplate(template).Resources.LaunchTemplate.Properties.LaunchTemplateData.UserData[
      'Fn::Base64'
    ];
  const escaped = script
    // Fn::Sub would replace these variables of the shell.
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
  // YAML does not know CloudFormation's short tags, which are not needed here.
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
