import { parseTemplate } from '../stack/parse-template.ts';
import { type Tag, type RequestedStack, requestStack } from './moto-template.ts';
import { readList, Refusal } from './query.ts';
import type { Stack } from './stack.ts';

const TEMPLATE_MAX_BYTES = 51_200;

/** The request of a change set. */
export interface ChangeSetRequest {
  template: string;
  parameters: Record<string, string>;
  tags: Tag[];
  requested: RequestedStack;
}

/**
 * Reads the request of a change set.
 * @throws Refusal if CloudFormation would refuse the request
 */
export function readChangeSetRequest(
  form: Record<string, string>,
  stack: Stack | undefined,
): ChangeSetRequest {
  const template =
    form.UsePreviousTemplate === 'true' ? (stack?.template ?? '') : (form.TemplateBody ?? '');
  if (Buffer.byteLength(template) > TEMPLATE_MAX_BYTES) {
    const limit = `length less than or equal to ${TEMPLATE_MAX_BYTES}`;
    throw validationError(
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
  const tags = readList(form, 'Tags').map(({ Key = '', Value = '' }) => ({ Key, Value }));
  return { template, parameters, tags, requested: requestStack(parsed, parameters, tags) };
}

/** Returns the error with which CloudFormation refuses an invalid request. */
export function validationError(message: string): Refusal {
  return new Refusal('ValidationError', message);
}

function readGiven(form: Record<string, string>, stack: Stack | undefined): Record<string, string> {
  const list = readList(form, 'Parameters');
  return Object.fromEntries(
    list.map(({ ParameterKey = '', ParameterValue = '', UsePreviousValue }) => [
      ParameterKey,
      UsePreviousValue === 'true' ? (stack?.parameters[ParameterKey] ?? '') : ParameterValue,
    ]),
  );
}

function mustBeNone(names: unknown[], what: string): void {
  if (names.length > 0) throw validationError(`Parameters: [${names.join(', ')}] ${what}`);
}
