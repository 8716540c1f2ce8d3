import type { Change, ChangeDetail } from './changes.ts';
import type { RequestedStack } from './moto-template.ts';

/** A change that CloudFormation carries out. */
export interface Effect extends Change {
  /** Whether the resource is replaced by another one. */
  isReplaced: boolean;
}

/**
 * The properties for which the handler of a type replaces a resource, if CloudFormation leaves the decision to it. For
 * a database, see `isChangeMutable` in aws-cloudformation-resource-providers-rds.
 */
const REPLACED_BY_HANDLER: Record<string, string[]> = {
  'AWS::RDS::DBInstance': [
    'AvailabilityZone',
    'DBSnapshotIdentifier',
    'Engine',
    'RestoreTime',
    'SourceDBInstanceAutomatedBackupsArn',
    'SourceDBInstanceIdentifier',
    'SourceDbiResourceId',
    'UseLatestRestorableTime',
  ],
};

/**
 * Lists those changes of a change set that take effect: the others depend on values that turn out not to change.
 */
export function listEffects(changes: Change[], requested: RequestedStack): Effect[] {
  const effects = new Map<string, Effect>();
  for (let size = -1; size !== countEffects(effects);) {
    size = countEffects(effects);
    for (const change of changes) {
      const details = change.Details.filter((it) => isEffective(it, effects));
      if (change.Action === 'Modify' && details.length === 0) continue;
      const isReplaced = details.some((it) => isReplacing(it, change, requested));
      effects.set(change.LogicalResourceId, { ...change, isReplaced });
    }
  }
  return [...effects.values()];
}

function countEffects(effects: Map<string, Effect>): number {
  return effects.size + [...effects.values()].filter(({ isReplaced }) => isReplaced).length;
}

function isEffective(detail: ChangeDetail, effects: Map<string, Effect>): boolean {
  if (detail.Evaluation === 'Static') return true;
  const [resource = '', attribute] = detail.CausingEntity?.split(/\.(.*)/) ?? [];
  const cause = effects.get(resource);
  // Each change of a launch template creates a version.
  return cause !== undefined && (cause.isReplaced || attribute === 'LatestVersionNumber');
}

function isReplacing(
  { Target: { Name = '', RequiresRecreation } }: ChangeDetail,
  { LogicalResourceId, ResourceType }: Change,
  { resources }: RequestedStack,
): boolean {
  if (RequiresRecreation !== 'Conditionally') return RequiresRecreation === 'Always';
  // The handler leaves a database unchanged when the property is removed.
  const isSet = resources[LogicalResourceId]?.Properties[Name] !== undefined;
  return isSet && (REPLACED_BY_HANDLER[ResourceType] ?? []).includes(Name);
}
