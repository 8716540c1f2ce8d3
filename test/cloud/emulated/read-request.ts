import { parseTemplate } from '../stack/parse-template.ts';
import { type Tag, type Wanted, wantedOf } from './moto-template.ts';
import { listIn, Refusal } from './query.ts';
import type { Stack } from './stack.ts';

const TEMPLATE_MAX_BYTES = 51_200;

/** What a change set is to make of a stack. */
export interface AskedFor {
  template: string;
  parameters: Record<string, string>;
  tags: Tag[];
  wanted: Wanted;
}

/**
 * Reads it from a request.
 * @throws Refusal, as CloudFormation does when it cannot be read
 */
export function readAsked(form: Record<string, string>, stack: Stack | undefined): AskedFor {
  const template =
    form.UsePreviousTemplate === 'true' ? (stack?.template ?? '') : (form.TemplateBody ?? '');
  if (Buffer.byteLength(template) > TEMPLATE_MAX_BYTES) {
    const limit = `length less than or equal to ${TEMPLATE_MAX_BYTES}`;
    throw invalid(
      `Value at 'templateBody' failed to satisfy constraint: Member must have ${limit}`,
    );
  }
  const parsed = parseTemplate(template);
  const types = Object.values(parsed.Resources).map(({ Type }) => Type);
  const isCapable = Object.keys(form).some((name) => name.startsWith('Capabilities.'));
  if (!isCapable && types.some((type) => type.startsWith('AWS::IAM::'))) {
    throw new Refusal(
      'InsufficientCapabilitiesException',
      'Requires capabilities : [CAPABILITY_IAM]',
    );
  }
  const given = readGiven(form, stack);
  mustBeNone(
    Object.keys(given).filter((name) => !(name in parsed.Parameters)),
    'do not exist in the template',
  );
  const known = Object.entries(parsed.Parameters).map(([name, { Default }]) => [
    name,
    given[name] ?? Default,
  ]);
  mustBeNone(
    known.filter(([, value]) => value === undefined).map(([name]) => name),
    'must have values',
  );
  const parameters = Object.fromEntries(known) as Record<string, string>;
  const tags = listIn(form, 'Tags').map(({ Key = '', Value = '' }) => ({ Key, Value }));
  return { template, parameters, tags, wanted: wantedOf(parsed, parameters, tags) };
}

/** CloudFormation's way to say that it does not do that. */
export function invalid(message: string): Refusal {
  return new Refusal('ValidationError', message);
}

function readGiven(form: Record<string, string>, stack: Stack | undefined): Record<string, string> {
  const list = listIn(form, 'Parameters');
  return Object.fromEntries(
    list.map(({ ParameterKey = '', ParameterValue = '', UsePreviousValue }) => [
      ParameterKey,
      UsePreviousValue === 'true' ? (stack?.parameters[ParameterKey] ?? '') : ParameterValue,
    ]),
  );
}

function mustBeNone(names: unknown[], what: string): void {
  if (names.length > 0) throw invalid(`Parameters: [${names.join(', ')}] ${what}`);
}
