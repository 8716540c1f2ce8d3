import { z } from 'zod';

const detailSchema = z
  .object({
    Target: z
      .object({ Name: z.string().optional(), RequiresRecreation: z.string().optional() })
      .default({}),
    ChangeSource: z.string().optional(),
    CausingEntity: z.string().optional(),
  })
  .transform(({ Target, ChangeSource, CausingEntity }) => ({
    /** The name of the changed property, or null for a policy, tags or metadata. */
    property: Target.Name ?? null,
    /** Whether the change replaces the resource: `Never`, `Conditionally` or `Always`. */
    recreation: Target.RequiresRecreation ?? 'Never',
    /** The cause: a parameter, another resource (`Name` or `Name.Attribute`), or null for the template itself. */
    cause: ChangeSource === 'DirectModification' ? null : (CausingEntity ?? null),
  }));

type ChangeDetail = z.infer<typeof detailSchema>;

/** Validates and converts a change in a response. */
export const resourceChangeSchema = z
  .object({
    Action: z.string(),
    LogicalResourceId: z.string(),
    ResourceType: z.string(),
    Replacement: z.string().optional(),
    Details: z.array(detailSchema).default([]),
  })
  .transform((it) => ({
    kind: kindOf(it),
    /** The logical id in the template. */
    resource: it.LogicalResourceId,
    /** Such as `AWS::RDS::DBInstance`. */
    type: it.ResourceType,
    /** Whether AWS does not know yet if it has to replace the resource. */
    isUncertain: it.Action === 'Dynamic' || it.Replacement === 'Conditional',
    /** The properties that replace the resource, each with its cause: `DBSnapshotIdentifier (DatabaseSnapshot)`. */
    reasons: listReasons(it),
  }));

/** A change of one resource of a stack. */
export type ResourceChange = z.infer<typeof resourceChangeSchema>;

type ChangeKind = 'add' | 'change' | 'replace' | 'remove' | 'record';

interface DetailedChange {
  Action: string;
  ResourceType: string;
  Replacement?: string | undefined;
  Details: ChangeDetail[];
}

/**
 * The properties that CloudFormation lists as possible reasons for a replacement, from its schemas, but with which
 * the handlers always change the resource in place. All other properties count as replacements, also those of future
 * schemas. For a database, see `isChangeMutable` in aws-cloudformation-resource-providers-rds. An Auto Scaling group is
 * replaced only with an UpdatePolicy, which the template does not have.
 */
const CHANGED_IN_PLACE: Record<string, string[]> = {
  'AWS::RDS::DBInstance': [
    'AutoMinorVersionUpgrade',
    'BackupRetentionPeriod',
    'DBParameterGroupName',
    'MultiAZ',
    'PreferredMaintenanceWindow',
    'StorageType',
  ],
  'AWS::AutoScaling::AutoScalingGroup': [
    'LaunchTemplate',
    'MixedInstancesPolicy',
    'VPCZoneIdentifier',
  ],
};

function kindOf(change: DetailedChange): ChangeKind {
  const { Action, Replacement, Details } = change;
  if (Action === 'Add' || Action === 'Import') return 'add';
  if (Action === 'Remove') return 'remove';
  // AWS only updates its own record of the resource.
  if (Action === 'SyncWithActual') return 'record';
  if (Action === 'Dynamic' || Replacement === 'True') return 'replace';
  if (Replacement !== 'Conditional') return 'change';
  // Without details, the reason is unknown.
  const isInPlace = Details.length > 0 && listReplacing(change).length === 0;
  return isInPlace ? 'change' : 'replace';
}

/** Lists the details that replace the resource, or may replace it. */
function listReplacing({ ResourceType, Details }: DetailedChange): ChangeDetail[] {
  const inPlace = CHANGED_IN_PLACE[ResourceType] ?? [];
  return Details.filter(({ property, recreation }) => {
    if (recreation !== 'Conditionally') return recreation === 'Always';
    return property === null || !inPlace.includes(property);
  });
}

function listReasons(change: DetailedChange): string[] {
  const replacing = listReplacing(change);
  const properties = new Set(replacing.flatMap(({ property }) => property ?? []));
  return Array.from(properties, (name) => {
    const causes = replacing.flatMap(({ property, cause }) => (property === name && cause) || []);
    return causes.length > 0 ? `${name} (${causes.join(', ')})` : name;
  });
}

const MARKS = { add: '+', change: '~', replace: '±', remove: '-', record: '=' } as const;

/**
 * Returns a line for each change, sorted by resource, with the properties that replace it: `± replace  Database
 * (AWS::RDS::DBInstance): DBSnapshotIdentifier (DatabaseSnapshot)`.
 */
export function formatChanges(changes: ResourceChange[]): string[] {
  const sorted = changes.toSorted((a, b) => (a.resource < b.resource ? -1 : 1));
  return sorted.map(({ kind, resource, type, isUncertain, reasons }) => {
    const line = `${MARKS[kind]} ${kind.padEnd(7)}  ${resource} (${type})`;
    if (kind !== 'replace') return line;
    const because = reasons.length > 0 ? `: ${reasons.join(', ')}` : '';
    return `${line}${isUncertain ? ', perhaps' : ''}${because}`;
  });
}

// A read replica has no data of its own.
const REPLICA = /^Replica\d$/;

/** Lists the changes that delete, or may delete, a database and its data. Ignores read replicas. */
export function listDataLosses(changes: ResourceChange[]): ResourceChange[] {
  return changes.filter(
    ({ kind, resource, type }) =>
      type === 'AWS::RDS::DBInstance' &&
      !REPLICA.test(resource) &&
      ['replace', 'remove'].includes(kind),
  );
}
