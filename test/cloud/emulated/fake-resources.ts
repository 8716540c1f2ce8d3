import { listChanges } from './changes.ts';
import { listEffects } from './effects.ts';
import { isNode } from './evaluate.ts';
import type { RequestedStack } from './moto-template.ts';
import type { ExistingResources, ResourceProvider } from './resources.ts';

/**
 * Resources that consist of ids and the stack's outputs only, for tests of the requests to CloudFormation. They need no
 * emulator.
 */
export const fakeResources: ResourceProvider = {
  create: async (stackName, requested) => write(requested, (name) => `${stackName}-${name}`),
  update: async (stackName, existing, requested) => {
    const replaced = new Set(
      listEffects(listChanges(existing.requested, requested), requested)
        .filter(({ isReplaced }) => isReplaced)
        .map(({ LogicalResourceId }) => LogicalResourceId),
    );
    return write(requested, (name) =>
      replaced.has(name)
        ? `${existing.ids[name]}-again`
        : (existing.ids[name] ?? `${stackName}-${name}`),
    );
  },
  leaveAfterRollback: async () => undefined,
  delete: async () => undefined,
  findProtected: async () => null,
  findRefused: async () => null,
};

function write(requested: RequestedStack, idOf: (name: string) => string): ExistingResources {
  const ids = Object.fromEntries(
    Object.keys(requested.resources).map((name) => [name, idOf(name)]),
  );
  const outputs = Object.entries(requested.outputs as Record<string, { Value: unknown }>);
  return {
    requested,
    ids,
    names: {},
    outputs: Object.fromEntries(outputs.map(([name, { Value }]) => [name, textOf(Value, ids)])),
  };
}

/** Replaces references by ids. An attribute becomes `ID.Attribute`. */
function textOf(value: unknown, ids: ExistingResources['ids']): string {
  if (!isNode(value)) return String(value);
  if (typeof value.Ref === 'string') return ids[value.Ref] ?? value.Ref;
  const attribute = value['Fn::GetAtt'];
  if (Array.isArray(attribute)) return `${ids[String(attribute[0])]}.${attribute[1]}`;
  return String(value['Fn::Sub']).replaceAll(
    /\$\{(\w+)(\.[\w.]+)?\}/g,
    (_, name: string, path = '') => `${ids[name] ?? name}${path}`,
  );
}
