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
 * name, and without its comments, since CloudFormation accepts 51,200 bytes.
 */
export async function renderTemplate(): Promise<string> {
  const template = await readFile(TEMPLATE, 'utf8');
  const script = await readFile(USER_DATA, 'utf8');
  const withoutComments = template.replaceAll(/^ *(# .*)?\n/gm, '');
  return withoutComments.replace(/^( +)- userdata\/minitwit\.sh\n/m, (_, indent: string) => {
    const lines = script.replaceAll(/^(?=.)/gm, `${indent}    `);
    return `${indent}- |\n${lines}`;
  });
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
});
