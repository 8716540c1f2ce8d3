import { isDeepStrictEqual } from 'node:util';
import { listReferences } from './evaluate.ts';
import type { RequestedStack } from './moto-template.ts';
import { factsOf } from '../aws/resource-types.ts';

/** A change of a property or of a policy of a resource, as CloudFormation describes it. */
export interface ChangeDetail {
  Target: {
    Attribute: 'Properties' | 'DeletionPolicy' | 'UpdateReplacePolicy';
    Name?: string;
    RequiresRecreation: 'Never' | 'Conditionally' | 'Always';
  };
  /** `Dynamic` when CloudFormation knows the new value only after the change of another resource. */
  Evaluation: 'Static' | 'Dynamic';
  ChangeSource:
    'DirectModification' | 'ParameterReference' | 'ResourceReference' | 'ResourceAttribute';
  /** The parameter `Name`, the resource `Name`, or the attribute `Name.Attribute`. */
  CausingEntity?: string;
}

/** A resource that a change set adds, changes or removes. */
export interface Change {
  Action: 'Add' | 'Modify' | 'Remove';
  LogicalResourceId: string;
  ResourceType: string;
  Replacement?: 'True' | 'False' | 'Conditional';
  Details: ChangeDetail[];
}

/**
 * Lists the changes from a stack's present state to the requested one, as CloudFormation does: from the schemas of the
 * resource types, without the knowledge of the handlers.
 */
export function listChanges(existing: RequestedStack | null, requested: RequestedStack): Change[] {
  const before = existing?.resources ?? {};
  const changes = new Map<string, Change>();
  for (const [name, { Type }] of Object.entries(requested.resources)) {
    const details = name in before ? listOwnDetails(name, existing, requested) : null;
    if (details === null)
      changes.set(name, { Action: 'Add', ...identify(name, Type), Details: [] });
    else if (details.length > 0) changes.set(name, modify(name, Type, details));
  }
  for (const removal of listRemovals(existing)) {
    const name = removal.LogicalResourceId;
    if (!(name in requested.resources)) changes.set(name, removal);
  }
  // A resource that refers to a changed one may change, too, and so on.
  for (let count = -1; count !== countDetails(changes);) {
    count = countDetails(changes);
    for (const name of Object.keys(requested.resources)) {
      if (name in before) addFollowingDetails(changes, name, requested);
    }
  }
  return [...changes.values()];
}

/** Lists the changes of the deletion of a stack. */
export function listRemovals(existing: RequestedStack | null): Change[] {
  return Object.entries(existing?.resources ?? {}).map(([name, { Type }]) => ({
    Action: 'Remove',
    ...identify(name, Type),
    Details: [],
  }));
}

function countDetails(changes: Map<string, Change>): number {
  return [...changes.values()].flatMap(({ Details }) => Details).length;
}

/** Lists the details of a resource whose own properties or policies change. */
function listOwnDetails(
  name: string,
  existing: RequestedStack | null,
  requested: RequestedStack,
): ChangeDetail[] {
  const before = existing?.resources[name];
  const after = requested.resources[name];
  if (!before || !after) return [];
  const names = Object.keys({ ...before.Properties, ...after.Properties }).filter(
    (each) => !isDeepStrictEqual(before.Properties[each], after.Properties[each]),
  );
  const ofProperties = names.flatMap((each) => {
    const Target = targetOf(after.Type, each);
    const changed = (requested.parametersOf[name]?.[each] ?? []).filter(
      (parameter) => existing?.values[parameter] !== requested.values[parameter],
    );
    const causes = changed.map((CausingEntity): ChangeDetail => ({
      Target,
      Evaluation: 'Static',
      ChangeSource: 'ParameterReference',
      CausingEntity,
    }));
    // CloudFormation lists a property with a changed parameter twice.
    const Evaluation = causes.length > 0 ? 'Dynamic' : 'Static';
    return [...causes, { Target, Evaluation, ChangeSource: 'DirectModification' } as const];
  });
  const policies = (['DeletionPolicy', 'UpdateReplacePolicy'] as const).filter(
    (each) => before[each] !== after[each],
  );
  const ofPolicies = policies.map((Attribute): ChangeDetail => ({
    Target: { Attribute, RequiresRecreation: 'Never' },
    Evaluation: 'Static',
    ChangeSource: 'DirectModification',
  }));
  return [...ofProperties, ...ofPolicies];
}

/** Adds the details of a resource that refers to changed ones. */
function addFollowingDetails(
  changes: Map<string, Change>,
  name: string,
  { resources }: RequestedStack,
): void {
  const { Type, Properties } = resources[name] ?? { Type: '', Properties: {} };
  const before = changes.get(name);
  const details = before?.Details ?? [];
  const added = Object.entries(Properties).flatMap(([property, value]) =>
    listReferences(value).flatMap((reference): ChangeDetail[] => {
      const [resource = '', attribute] = reference.split(/\.(.*)/);
      const cause = changes.get(resource);
      if (cause?.Action !== 'Modify') return [];
      // The id of a resource changes only with a replacement, but its attributes may always change.
      if (attribute === undefined && cause.Replacement === 'False') return [];
      const Target = targetOf(Type, property);
      const isKnown = details.some(
        (it) => it.CausingEntity === reference && it.Target.Name === property,
      );
      if (isKnown) return [];
      const ChangeSource = attribute === undefined ? 'ResourceReference' : 'ResourceAttribute';
      return [{ Target, Evaluation: 'Dynamic', ChangeSource, CausingEntity: reference }];
    }),
  );
  if (added.length > 0) changes.set(name, modify(name, Type, [...details, ...added]));
}

function modify(name: string, type: string, Details: ChangeDetail[]): Change {
  const Replacement = replacementOf(Details);
  return { Action: 'Modify', ...identify(name, type), Replacement, Details };
}

function replacementOf(details: ChangeDetail[]): 'True' | 'False' | 'Conditional' {
  const isAlways = ({ Target }: ChangeDetail) => Target.RequiresRecreation === 'Always';
  if (details.some((it) => isAlways(it) && it.Evaluation === 'Static')) return 'True';
  const isNever = details.every(({ Target }) => Target.RequiresRecreation === 'Never');
  return isNever ? 'False' : 'Conditional';
}

function targetOf(type: string, Name: string): ChangeDetail['Target'] {
  const { createOnly, conditionalCreateOnly } = factsOf(type);
  const mayReplace = conditionalCreateOnly.includes(Name) ? 'Conditionally' : 'Never';
  const RequiresRecreation = createOnly.includes(Name) ? 'Always' : mayReplace;
  return { Attribute: 'Properties', Name, RequiresRecreation };
}

function identify(LogicalResourceId: string, ResourceType: string) {
  return { LogicalResourceId, ResourceType };
}
