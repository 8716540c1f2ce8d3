import type { Template } from '../stack/parse-template.ts';

/** A map of a template. */
export type Node = Record<string, unknown>;

type Values = Record<string, unknown>;

/** Returns the value of each parameter, converted to its type. */
export function valuesOf(template: Template, parameters: Record<string, string>): Values {
  return Object.fromEntries(
    Object.entries(template.Parameters).map(([name, { Type, Default }]) => {
      const value = parameters[name] ?? Default ?? '';
      if (Type === 'Number') return [name, Number(value)];
      return [name, Type.startsWith('List<') ? value.split(',') : value];
    }),
  );
}

/** Evaluates a template's conditions. */
export function createConditions(template: Template, values: Values): (name: string) => boolean {
  // A condition contains no Fn::If.
  const resolve = createResolver(values, () => false);
  const decide = (condition: unknown): boolean => {
    const [kind, given] = Object.entries(condition as Record<string, unknown[]>)[0] ?? ['', []];
    if (kind === 'Condition') return decide(template.Conditions[String(given)]);
    if (kind === 'Fn::Not') return !decide(given[0]);
    if (kind === 'Fn::And') return given.every(decide);
    if (kind === 'Fn::Or') return given.some(decide);
    const [one, other] = given.map((each) => String(resolve(each)));
    return one === other;
  };
  return (name) => decide(template.Conditions[name]);
}

const NOTHING = Symbol('AWS::NoValue');

/** Replaces references to parameters, and evaluates each `Fn::If`, `Fn::Split` and `Fn::Select`. */
export function createResolver(values: Values, decide: (name: string) => boolean) {
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve).filter((each) => each !== NOTHING);
    if (!isNode(value)) return value;
    if (value.Ref === 'AWS::NoValue') return NOTHING;
    if (typeof value.Ref === 'string' && value.Ref in values) return values[value.Ref];
    if (Array.isArray(value['Fn::If'])) {
      const [name, yes, no] = value['Fn::If'] as [string, unknown, unknown];
      return resolve(decide(name) ? yes : no);
    }
    if (typeof value['Fn::Sub'] === 'string') {
      const fill = (whole: string, name: string) => (name in values ? String(values[name]) : whole);
      const text = value['Fn::Sub'].replaceAll(/\$\{(\w+)\}/g, fill);
      return text.includes('${') ? { 'Fn::Sub': text } : text;
    }
    if (Array.isArray(value['Fn::Split'])) {
      const [separator, text] = value['Fn::Split'].map(resolve) as [string, unknown];
      // The name of the stack is not known here.
      if (typeof text === 'string') return text.split(separator);
    }
    if (Array.isArray(value['Fn::Select'])) {
      const [index, list] = value['Fn::Select'].map(resolve) as [number, unknown[]];
      if (index in list) return list[index];
      // CloudFormation's message.
      throw new Error(
        'Template error: Fn::Select cannot select nonexistent value at index ' + index,
      );
    }
    return Object.fromEntries(
      Object.entries(value)
        .map(([name, each]) => [name, resolve(each)])
        .filter(([, each]) => each !== NOTHING),
    );
  };
  return resolve;
}

/** Returns whether a value is a map of a template. */
export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Lists the references in a value of a template: `Name` of a resource or parameter, `Name.Attribute` of a resource. */
export function listReferences(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(listReferences);
  if (!isNode(value)) return [];
  return Object.entries(value).flatMap(([key, each]) => {
    if (key === 'Ref') return [String(each)];
    if (key === 'Fn::GetAtt' && Array.isArray(each)) return [each.join('.')];
    if (key !== 'Fn::Sub') return listReferences(each);
    const [text, variables] = Array.isArray(each) ? (each as [string, Node]) : [String(each), {}];
    const names = Array.from(text.matchAll(/\$\{([\w.]+)\}/g), ([, name = '']) => name);
    return [...names.filter((name) => !(name in variables)), ...listReferences(variables)];
  });
}
