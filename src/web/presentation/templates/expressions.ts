import { findBinding, type Scope } from './scope.ts';
import { type Argument, type Expression, placeOf, unsupported } from './syntax.ts';

const OPERATORS = { And: '&&', Or: '||', Add: '+', Sub: '-' };
const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** Returns the JavaScript of an expression. Its value is not escaped. */
export function compileExpression(node: Argument, scope: Scope): string {
  const refuse = (construct: string) => unsupported(scope.template, node, construct);
  const compile = (part: Argument) => compileExpression(part, scope);
  switch (node.typename) {
    case 'Literal':
      if (typeof node.value === 'object' && node.value) throw refuse('a regular expression');
      return JSON.stringify(node.value);
    case 'Symbol':
      return compileName(node.value, node, scope);
    case 'Group':
      if (node.children.length !== 1) throw refuse('Group of several values');
      return `(${node.children.map(compile).join()})`;
    case 'Array':
      return `[${node.children.map(compile).join()}]`;
    case 'LookupVal':
      return compileLookup(node, scope);
    case 'And':
    case 'Or':
    case 'Add':
    case 'Sub':
      return `(${compile(node.left)} ${OPERATORS[node.typename]} ${compile(node.right)})`;
    case 'Not':
      // Nunjucks would negate the left side only.
      if (node.target.typename === 'Compare')
        throw refuse('Not before a Compare without parentheses');
      return `!${compile(node.target)}`;
    case 'Compare': {
      const [operand, ...others] = node.ops;
      if (!operand || others.length > 0 || !COMPARISONS.has(operand.type)) {
        throw refuse('Compare with several operators, or with === or !==');
      }
      return `(${compile(node.expr)} ${operand.type} ${compile(operand.expr)})`;
    }
    case 'InlineIf': {
      const { cond, body, else_: otherwise } = node;
      return `(${compile(cond)} ? ${compile(body)} : ${otherwise ? compile(otherwise) : '""'})`;
    }
    case 'FunCall':
      if (node.args.children.some((arg) => arg.typename === 'KeywordArgs')) {
        throw refuse('KeywordArgs of a function');
      }
      return `${compileFunction(node.name, scope)}(${node.args.children.map(compile).join()})`;
    case 'Filter':
      return compileFilter(node, scope);
    // The parser knows more types of nodes.
    case 'KeywordArgs':
    default:
      throw refuse(node.typename);
  }
}

function compileName(name: string, node: Expression, scope: Scope): string {
  const binding = findBinding(scope, name);
  const { globals } = scope.language;
  if (binding?.kind === 'value') return binding.code;
  if (binding) throw unsupported(scope.template, node, `${name} as a value (${binding.kind})`);
  if (Object.hasOwn(globals, name)) {
    return typeof globals[name] === 'function' ? `globals.${name}` : JSON.stringify(globals[name]);
  }
  if (scope.hasContext) return `context[${JSON.stringify(name)}]`;
  throw unsupported(scope.template, node, `${name}, which this macro does not have`);
}

function compileLookup(node: Extract<Expression, { typename: 'LookupVal' }>, scope: Scope): string {
  const { target, val } = node;
  if (target.typename === 'Symbol') {
    const binding = findBinding(scope, target.value);
    if (binding?.kind === 'loop') {
      if (val.typename === 'Literal' && val.value === 'index') return `(${binding.code} + 1)`;
      throw unsupported(scope.template, node, 'a property of loop other than index');
    }
  }
  return `${compileExpression(target, scope)}?.[${compileExpression(val, scope)}]`;
}

function compileFunction(node: Expression, scope: Scope): string {
  if (node.typename !== 'Symbol' || node.value === 'super') {
    throw unsupported(
      scope.template,
      node,
      'FunCall of a method, of super, or of a macro as a value',
    );
  }
  const code = compileName(node.value, node, scope);
  return code.startsWith('globals.')
    ? code
    : `requireFunction(${code}, ${JSON.stringify(placeOf(scope.template, node))})`;
}

function compileFilter(node: Extract<Expression, { typename: 'Filter' }>, scope: Scope): string {
  const [value, ...args] = node.args.children;
  const name = node.name.value;
  if (!value || !Object.hasOwn(scope.language.filters, name)) {
    throw unsupported(scope.template, node, `the filter ${name}`);
  }
  const place = JSON.stringify(placeOf(scope.template, node));
  const input = `requireValue(${compileExpression(value, scope)}, ${place})`;
  return `filters.${name}(${[input, ...args.map((arg) => compileExpression(arg, scope))].join()})`;
}
