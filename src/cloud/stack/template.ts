import { readFile } from 'node:fs/promises';
import { type Document, isMap, parseDocument, visit } from 'yaml';
import { z } from 'zod';
import { formatTemplate } from './format-template.ts';

const TEMPLATE = new URL('../../../cloud/minitwit.yaml', import.meta.url);
const USER_DATA = new URL('../../../userdata/minitwit.sh', import.meta.url);

/** A parameter of a template. A parameter whose default is null must be set. */
export interface TemplateParameter {
  name: string;
  default: string | null;
}

/**
 * Returns the template for CloudFormation: cloud/minitwit.yaml with the text of userdata/minitwit.sh in place of its
 * name. CloudFormation accepts 51,200 bytes, so both are without comments, and the template is in a dense form without the
 * descriptions of its parameters and outputs.
 */
export async function renderTemplate(): Promise<string> {
  const script = withoutComments(await readFile(USER_DATA, 'utf8'));
  // YAML does not know CloudFormation's short tags, and retains them.
  const document = parseDocument(withoutComments(await readFile(TEMPLATE, 'utf8')), {
    logLevel: 'silent',
  });
  visit(document, {
    Scalar: (_, node) => {
      if (node.value === 'userdata/minitwit.sh') node.value = script;
    },
  });
  deleteDescriptions(document);
  return formatTemplate(document);
}

/** Deletes what only AWS's console shows: the groups of parameters, and the descriptions of parameters and outputs. */
function deleteDescriptions(document: Document.Parsed): void {
  document.delete('Metadata');
  for (const name of ['Parameters', 'Outputs']) {
    const section = document.get(name);
    if (!isMap(section)) throw new TypeError(`The section ${name} is missing.`);
    for (const { value } of section.items) if (isMap(value)) value.delete('Description');
  }
}

/** Returns a text without empty lines and lines that are only a comment. `#!` begins no comment. */
function withoutComments(text: string): string {
  return text.replaceAll(/\n *(#(?!!).*)?(?=\n)/g, '');
}

/**
 * Returns the template for the creation of a stack. If the creation fails, CloudFormation deletes the database without a
 * final snapshot: the database has no data, and RDS refuses a snapshot while it creates the database, so the rollback
 * would fail. The first change of the stack must use the template itself.
 */
export function forCreation(template: string): string {
  return template.replace('DeletionPolicy: Snapshot', 'DeletionPolicy: Delete');
}

/** Lists the parameters of a template, in its order. */
export function listParameters(template: string): TemplateParameter[] {
  // CloudFormation's short tags, which YAML does not know, are not needed here.
  const values: unknown = parseDocument(template, { logLevel: 'silent' }).toJS();
  const { Parameters } = templateSchema.parse(values);
  return Object.entries(Parameters).map(([name, { Default }]) => ({ name, default: Default }));
}

const templateSchema = z.object({
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
