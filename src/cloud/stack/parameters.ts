import type { Parameter } from '@aws-sdk/client-cloudformation';
import { OperatorError } from '../../errors/operator-error.ts';
import type { Stack } from './stack.ts';

/** A parameter of a template. */
export interface TemplateParameter {
  name: string;
  /** Null when it has none, and must be given. */
  default: string | null;
}

/** Values of parameters by name. */
export type ParameterValues = Record<string, string>;

/**
 * Refuses names that the template does not know.
 * @throws OperatorError that names the nearest
 */
export function assertKnownParameters(parameters: TemplateParameter[], set: ParameterValues): void {
  const names = parameters.map(({ name }) => name);
  for (const unknown of Object.keys(set).filter((name) => !names.includes(name))) {
    const near = findNear(unknown, names);
    const hint = near ? `Did you mean ${near}?` : `There are: ${names.join(', ')}.`;
    throw new OperatorError(`The template has no parameter ${unknown}. ${hint}`);
  }
}

/** The one that begins or ends alike, whichever letters are capitals. */
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

/** What each parameter comes to: as it is set, else as the stack has it, else as the template says. */
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
 * What is sent of parameters: those that are set, and that the others are as the stack has them. What neither knows
 * is as the template says.
 */
export function sentParameters(
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

/** The same for a stack that keeps its template. */
export function changedParameters(stack: Stack, set: ParameterValues): Parameter[] {
  return sentParameters(Object.keys(stack.parameters), stack, set);
}
