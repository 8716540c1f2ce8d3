import { type Statement, symbolOf, unsupported } from './syntax.ts';

/** A macro as a JavaScript function. */
export interface Macro {
  /** The name of the function. */
  code: string;
  /** The parameters of the macro, with their defaults as JavaScript. */
  parameters: { name: string; defaultCode: string }[];
  /** Whether the function takes the context before the parameters. */
  hasContext: boolean;
}

/**
 * The meaning of a name: a JavaScript variable, the index of a loop, a macro, an imported template, or a variable of the
 * page, which a macro cannot read.
 */
export type Binding =
  | { kind: 'value' | 'loop'; code: string }
  | ({ kind: 'macro' } & Macro)
  | { kind: 'import'; members: ReadonlyMap<string, Binding> }
  | { kind: 'page' };

/** The functions and values that all templates have. A function gives the same result for the same arguments. */
export interface Language {
  filters: Record<string, (value: never, ...args: never[]) => unknown>;
  globals: Record<string, unknown>;
}

/** The names of a part of a template. */
export interface Scope {
  language: Language;
  template: string;
  bindings: Map<string, Binding>;
  parent: Scope | null;
  /** Whether a name without a binding is a value of the context. Imported macros have no context. */
  hasContext: boolean;
  /** Whether the scope is that of a loop, whose variables nunjucks looks up in all outer scopes before it sets them. */
  isLoop: boolean;
}

/** Creates the scope of a template, or of its macros. */
export function createRootScope(language: Language, template: string, hasContext: boolean): Scope {
  return { language, template, bindings: new Map(), parent: null, hasContext, isLoop: false };
}

/** Creates a scope. Names without a binding in it have their meaning in `parent`. */
export function createScope(parent: Scope, overrides: Partial<Scope> = {}): Scope {
  return { ...parent, bindings: new Map(), parent, isLoop: false, ...overrides };
}

/** Returns the meaning of a name, or null if it has none before the context. */
export function findBinding(scope: Scope | null, name: string): Binding | null {
  if (!scope) return null;
  return scope.bindings.get(name) ?? findBinding(scope.parent, name);
}

/** Lists the variables that statements set in their own scope. */
export function listSetNames(nodes: (Statement | null)[], scope: Scope): Set<string> {
  const names = nodes.flatMap((node): string[] => {
    if (node?.typename === 'NodeList') return Array.from(listSetNames(node.children, scope));
    if (node?.typename === 'If') {
      const { body, else_: otherwise } = node;
      return Array.from(listSetNames([body, otherwise], scope));
    }
    if (node?.typename !== 'Set') return [];
    const [target, ...others] = node.targets;
    if (!target || !node.value || others.length > 0) {
      throw unsupported(scope.template, node, 'Set without one name and a value');
    }
    const name = symbolOf(target, scope.template);
    const outer = findBinding(scope, name);
    if (outer && (scope.isLoop || outer.kind !== 'value')) {
      throw unsupported(scope.template, node, `Set of ${name}, which has another meaning outside`);
    }
    return [name];
  });
  return new Set(names);
}
