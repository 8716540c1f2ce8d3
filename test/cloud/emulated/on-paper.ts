import { listChanges } from './changes.ts';
import { isNode } from './evaluate.ts';
import type { Wanted } from './moto-template.ts';
import type { Made, Resources } from './resources.ts';

/**
 * Resources of which there is no more than their ids and the stack's outputs, for tests of what CloudFormation is asked
 * for. They need no emulator.
 */
export const onPaper: Resources = {
  make: async (stackName, wanted) => write(wanted, (name) => `${stackName}-${name}`),
  remake: async (stackName, is, toBe) => {
    const replaced = new Set(
      listChanges(is.wanted.resources, toBe.resources)
        .filter(({ Replacement }) => Replacement === 'True')
        .map(({ LogicalResourceId }) => LogicalResourceId),
    );
    return write(toBe, (name) =>
      replaced.has(name) ? `${is.ids[name]}-again` : (is.ids[name] ?? `${stackName}-${name}`),
    );
  },
  unmake: async () => undefined,
};

function write(wanted: Wanted, idOf: (name: string) => string): Made {
  const ids = Object.fromEntries(Object.keys(wanted.resources).map((name) => [name, idOf(name)]));
  const outputs = Object.entries(wanted.outputs as Record<string, { Value: unknown }>);
  return {
    wanted,
    ids,
    names: {},
    outputs: Object.fromEntries(outputs.map(([name, { Value }]) => [name, textOf(Value, ids)])),
  };
}

/** Fills ids in for references: an attribute is written as `ID.Attribute`. */
function textOf(value: unknown, ids: Made['ids']): string {
  if (!isNode(value)) return String(value);
  if (typeof value.Ref === 'string') return ids[value.Ref] ?? value.Ref;
  const attribute = value['Fn::GetAtt'];
  if (Array.isArray(attribute)) return `${ids[String(attribute[0])]}.${attribute[1]}`;
  return String(value['Fn::Sub']).replaceAll(
    /\$\{(\w+)(\.[\w.]+)?\}/g,
    (_, name: string, path = '') => `${ids[name] ?? name}${path}`,
  );
}
