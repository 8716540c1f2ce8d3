import type { Parameter } from '@aws-sdk/client-cloudformation';
import { OperatorError } from '../../errors/operator-error.ts';
import type { Stack } from './stack.ts';
import type { TemplateParameter } from './template.ts';

/** Values of parameters by name. */
export type ParameterValues = Record<string, string>;

/**
 * Asserts that the template has parameters of these names.
 * @throws OperatorError with the most similar name, or with all names
 */
export function assertKnownParameters(parameters: TemplateParameter[], set: ParameterValues): void {
  const names = parameters.map(({ name }) => name);
  for (const unknown of Object.keys(set).filter((name) => !names.includes(name))) {
    const near = findNear(unknown, names);
    const hint = near ? `Did you mean ${near}?` : `Its parameters are ${names.join(', ')}.`;
    throw new OperatorError(`The template has no parameter ${unknown}. ${hint}`);
  }
}

/** Returns the name with the longest common beginning or end, in any case, or null. */
function findNear(unknown: string, names: string[]): string | null {
  const low = unknown.toLowerCase();
  const alike = (name: string) => {
    const other = name.toLowerCase();
    return [low.length, Math.min(low.length, 8), 5].findIndex(
      (length) =>
        low.length >= length &&
        (other.startsWith(low.slice(0, length)) || other.endsWith(low.slice(-length))),
    );
  };
  const near = names.map((name) => ({ name, rank: alike(name) })).filter(({ rank }) => rank >= 0);
  return near.toSorted((a, b) => a.rank - b.rank)[0]?.name ?? null;
}

/**
 * Returns the value of each parameter: the value that is set, otherwise that of the stack, otherwise the template's
 * default.
 */
export function effectiveValues(
  parameters: TemplateParameter[],
  stack: Stack | null,
  set: ParameterValues,
): ParameterValues {
  const known = parameters.flatMap(({ name, default: preset }) => {
    const value = set[name] ?? stack?.parameters[name] ?? preset;
    return value === null ? [] : [[name, value]];
  });
  return Object.fromEntries(known) as ParameterValues;
}

/**
 * Returns the parameters of a request: the values that are set, and for all other parameters of the stack, that they
 * are unchanged. CloudFormation uses the template's default for a parameter that is missing.
 */
export function toRequestParameters(
  names: string[],
  stack: Stack | null,
  set: ParameterValues,
): Parameter[] {
  return names.flatMap((name): Parameter[] => {
    const value = set[name];
    if (value !== undefined) return [{ ParameterKey: name, ParameterValue: value }];
    const isKnown = stack !== null && name in stack.parameters;
    return isKnown ? [{ ParameterKey: name, UsePreviousValue: true }] : [];
  });
}

/** Returns the parameters of a request that changes only these values, and not the template. */
export function toChangedParameters(stack: Stack, set: ParameterValues): Parameter[] {
  return toRequestParameters(Object.keys(stack.parameters), stack, set);
}
