import { z } from 'zod';

type ChangeKind = 'add' | 'change' | 'replace' | 'remove';

/** Validates and converts a change in a response. */
export const resourceChangeSchema = z
  .object({
    Action: z.string(),
    LogicalResourceId: z.string(),
    ResourceType: z.string(),
    Replacement: z.string().optional(),
  })
  .transform((it) => ({
    kind: kindOf(it),
    /** The logical id in the template. */
    resource: it.LogicalResourceId,
    /** Such as `AWS::RDS::DBInstance`. */
    type: it.ResourceType,
    /** Whether AWS does not know yet if it has to replace the resource. */
    isUncertain: it.Action === 'Modify' && it.Replacement === 'Conditional',
  }));

/** A change of one resource of a stack. */
export type ResourceChange = z.infer<typeof resourceChangeSchema>;

function kindOf(change: { Action: string; Replacement?: string | undefined }): ChangeKind {
  const { Action, Replacement } = change;
  if (Action === 'Add' || Action === 'Import') return 'add';
  if (Action === 'Remove') return 'remove';
  return Replacement === 'True' || Replacement === 'Conditional' ? 'replace' : 'change';
}

const MARKS = { add: '+', change: '~', replace: '±', remove: '-' } as const;

/** Returns a line for each change, sorted by resource: `± replace  Database (AWS::RDS::DBInstance)`. */
export function formatChanges(changes: ResourceChange[]): string[] {
  const sorted = changes.toSorted((a, b) => (a.resource < b.resource ? -1 : 1));
  return sorted.map(({ kind, resource, type, isUncertain }) => {
    const perhaps = isUncertain ? ', perhaps' : '';
    return `${MARKS[kind]} ${kind.padEnd(7)}  ${resource} (${type})${perhaps}`;
  });
}

/** Lists the changes that delete, or may delete, a database and its data. */
export function listDataLosses(changes: ResourceChange[]): ResourceChange[] {
  return changes.filter(
    ({ kind, type }) => type === 'AWS::RDS::DBInstance' && ['replace', 'remove'].includes(kind),
  );
}
