import { compileExpression } from './expressions.ts';
import { escapeValue } from './runtime.ts';
import { findBinding, type Macro, type Scope } from './scope.ts';
import { type Expression, type Keywords, placeOf, unsupported } from './syntax.ts';

type FunctionCall = Extract<Expression, { typename: 'FunCall' }>;

/** Returns the JavaScript of an expression as HTML. Only results of macros and of `safe` are not escaped. */
export function compileOutput(node: Expression, scope: Scope): string {
  const constant = findConstant(node, scope);
  const place = placeOf(scope.template, node);
  if (constant !== null) return JSON.stringify(escapeValue(constant, place));
  if (node.typename === 'Group' && node.children[0] && !node.children[1]) {
    return compileOutput(node.children[0], scope);
  }
  if (node.typename === 'InlineIf') {
    const { cond, body, else_: otherwise } = node;
    const elseCode = otherwise ? compileOutput(otherwise, scope) : '""';
    return `(${compileExpression(cond, scope)} ? ${compileOutput(body, scope)} : ${elseCode})`;
  }
  const macro = node.typename === 'FunCall' ? findMacro(node.name, scope) : null;
  if (node.typename === 'FunCall' && macro) return compileMacroCall(node, macro, scope);
  const [value, ...more] = node.typename === 'Filter' ? node.args.children : [];
  if (node.typename === 'Filter' && node.name.value === 'safe' && value && more.length === 0) {
    return `toText(${compileExpression(value, scope)}, ${JSON.stringify(place)})`;
  }
  return `escapeValue(${compileExpression(node, scope)}, ${JSON.stringify(place)})`;
}

/** Returns the value of an expression that is the same for each context, or null. */
function findConstant(node: Expression, scope: Scope): unknown {
  if (node.typename === 'Literal') return typeof node.value === 'object' ? null : node.value;
  const { globals } = scope.language;
  const name = node.typename === 'FunCall' ? node.name : node;
  if (name.typename !== 'Symbol' || findBinding(scope, name.value)) return null;
  const value = Object.hasOwn(globals, name.value) ? globals[name.value] : null;
  if (typeof value !== 'function') return node.typename === 'Symbol' ? value : null;
  if (node.typename !== 'FunCall') return null;
  const args = node.args.children.map((arg) => (arg.typename === 'Literal' ? arg.value : null));
  return args.includes(null)
    ? null
    : callConstant(() => value(...args), placeOf(scope.template, node));
}

function callConstant(call: () => unknown, place: string): unknown {
  try {
    return call();
  } catch (cause) {
    throw new Error(`${place}: ${(cause as Error).message}`, { cause });
  }
}

function findMacro(name: Expression, scope: Scope): Macro | null {
  if (name.typename === 'Symbol') {
    const binding = findBinding(scope, name.value);
    return binding?.kind === 'macro' ? binding : null;
  }
  if (name.typename !== 'LookupVal' || name.target.typename !== 'Symbol') return null;
  const binding = findBinding(scope, name.target.value);
  if (binding?.kind !== 'import' || name.val.typename !== 'Literal') return null;
  const macro = binding.members.get(String(name.val.value));
  if (macro?.kind === 'macro') return macro;
  throw unsupported(
    scope.template,
    name,
    `${String(name.val.value)}, which is not a macro of ${name.target.value}`,
  );
}

function compileMacroCall({ args, ...node }: FunctionCall, macro: Macro, scope: Scope): string {
  const refuse = (construct: string) => unsupported(scope.template, node, construct);
  const given = new Map<string, string>();
  const give = (name: string | undefined, value: Expression | Keywords) => {
    if (!name || given.has(name)) throw refuse('an argument too many');
    given.set(name, compileExpression(value, scope));
  };
  for (const [index, arg] of args.children.entries()) {
    if (arg.typename !== 'KeywordArgs') give(macro.parameters[index]?.name, arg);
    else for (const { key, value } of arg.children) give(key.value, value);
  }
  const values = macro.parameters.map(({ name, defaultCode }) => {
    const value = given.get(name) ?? defaultCode;
    given.delete(name);
    return value;
  });
  if (given.size > 0) throw refuse(`the argument ${Array.from(given.keys()).join()}`);
  return `${macro.code}(${[...(macro.hasContext ? ['context'] : []), ...values].join()})`;
}
