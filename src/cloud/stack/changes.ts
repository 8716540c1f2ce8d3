import { z } from 'zod';

/** What would be done to one resource of the stack. */
export interface ResourceChange {
  kind: 'add' | 'change' | 'replace' | 'remove';
  /** Its logical id, as the template calls it. */
  resource: string;
  /** `AWS::RDS::DBInstance` and the like. */
  type: string;
  /** Whether AWS does not know yet if it comes to this: only a `replace` can be so. */
  isUncertain: boolean;
}

/** Reads a change in an answer of AWS's. */
export const resourceChangeSchema = z
  .object({
    Action: z.string(),
    LogicalResourceId: z.string(),
    ResourceType: z.string(),
    Replacement: z.string().optional(),
  })
  .transform((it): ResourceChange => ({
    kind: kindOf(it),
    resource: it.LogicalResourceId,
    type: it.ResourceType,
    isUncertain: it.Action === 'Modify' && it.Replacement === 'Conditional',
  }));

function kindOf({ Action, Replacement }: { Action: string; Replacement?: string | undefined }) {
  if (Action === 'Add' || Action === 'Import') return 'add';
  if (Action === 'Remove') return 'remove';
  return Replacement === 'True' || Replacement === 'Conditional' ? 'replace' : 'change';
}

const MARKS = { add: '+', change: '~', replace: '±', remove: '-' } as const;

/** Says changes, a line each, by their resources' names: `± replace  Database (AWS::RDS::DBInstance)`. */
export function formatChanges(changes: ResourceChange[]): string[] {
  const sorted = changes.toSorted((a, b) => (a.resource < b.resource ? -1 : 1));
  return sorted.map(({ kind, resource, type, isUncertain }) => {
    const perhaps = isUncertain ? ', perhaps' : '';
    return `${MARKS[kind]} ${kind.padEnd(7)}  ${resource} (${type})${perhaps}`;
  });
}

/** Those by which a database would end, or might, with what has been written to it. */
export function listDataLosses(changes: ResourceChange[]): ResourceChange[] {
  return changes.filter(
    ({ kind, type }) => type === 'AWS::RDS::DBInstance' && ['replace', 'remove'].includes(kind),
  );
}
