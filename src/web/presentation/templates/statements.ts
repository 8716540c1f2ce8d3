import type { CodeWriter } from './code-writer.ts';
import { compileExpression } from './expressions.ts';
import { compileOutput } from './output.ts';
import { createScope, findBinding, listSetNames, type Scope } from './scope.ts';
import {
  placeOf,
  type Reference,
  referenceOf,
  type Statement,
  symbolOf,
  unsupported,
} from './syntax.ts';

/** The place of the JavaScript of a function, and of what it needs from other templates. */
export interface Output {
  writer: CodeWriter;
  /** Returns a name for a JavaScript variable that no other variable has. */
  createName: (name: string) => string;
  /** The blocks that replace blocks of this template, or null in a macro, which cannot have blocks. */
  blocks: Blocks | null;
  /** Writes another template at this place. */
  include: (reference: Reference, scope: Scope) => void;
}

/** Blocks by their names, with the names of their templates. */
export type Blocks = Map<string, { body: Statement; template: string }>;

/** Writes the statements of a scope of their own inside `outer`. */
export function writeBody(body: Statement[], outer: Scope, output: Output): void {
  writeStatements(body, openScope(body, outer, output), output);
}

/** Declares the variables that the statements set. Until then, they have their values from `outer`. */
export function openScope(body: Statement[], outer: Scope, { writer, createName }: Output): Scope {
  const scope = createScope(outer);
  for (const name of listSetNames(body, outer)) {
    const code = createName(name);
    const isKnown = outer.hasContext || findBinding(outer, name);
    const symbol = { typename: 'Symbol', value: name, lineno: 0 } as const;
    const value = isKnown ? compileExpression(symbol, outer) : 'undefined';
    writer.addStatement(`let ${code} = ${value};`);
    scope.bindings.set(name, { kind: 'value', code });
  }
  return scope;
}

/** Writes statements in their scope. */
export function writeStatements(nodes: Statement[], scope: Scope, output: Output): void {
  for (const node of nodes) writeStatement(node, scope, output);
}

function writeStatement(node: Statement, scope: Scope, output: Output): void {
  const { writer } = output;
  switch (node.typename) {
    case 'NodeList':
      return writeStatements(node.children, scope, output);
    case 'Output':
      for (const child of node.children) {
        if (child.typename === 'TemplateData') writer.addText(child.value);
        else writer.addExpression(compileOutput(child, scope));
      }
      return;
    case 'If': {
      const { body, else_: otherwise } = node;
      writer.addStatement(`if (${compileExpression(node.cond, scope)}) {`);
      writeStatement(body, scope, output);
      if (otherwise) {
        writer.addStatement('} else {');
        writeStatement(otherwise, scope, output);
      }
      return writer.addStatement('}');
    }
    case 'For':
      return writeLoop(node, scope, output);
    case 'Set':
      // `openScope` has refused other forms.
      return writeSet(node, scope, output);
    case 'Include':
      if (node.ignoreMissing) {
        throw unsupported(scope.template, node, 'Include with ignore missing');
      }
      return output.include(referenceOf(node.template, scope.template), scope);
    case 'Block': {
      if (!output.blocks) throw unsupported(scope.template, node, 'Block in a Macro');
      const { body, template } = output.blocks.get(node.name.value) ?? { ...scope, ...node };
      return writeBody([body], createScope(scope, { template }), output);
    }
    // The others are at the top of a template only, and the parser knows more types of nodes.
    case 'Extends':
    case 'Import':
    case 'Macro':
    default:
      throw unsupported(scope.template, node, node.typename);
  }
}

function writeSet(
  { targets: [target], value }: Extract<Statement, { typename: 'Set' }>,
  scope: Scope,
  { writer }: Output,
): void {
  if (!target || !value) return;
  writer.addStatement(`${compileExpression(target, scope)} = ${compileExpression(value, scope)};`);
}

function writeLoop(
  node: Extract<Statement, { typename: 'For' }>,
  scope: Scope,
  output: Output,
): void {
  const { writer, createName } = output;
  const { body, else_: otherwise } = node;
  const name = symbolOf(node.name, scope.template);
  const [list, index, item] = ['list', 'index', name].map(createName);
  const place = JSON.stringify(placeOf(scope.template, node));
  const loopScope = createScope(scope, { isLoop: true });
  loopScope.bindings.set(name, { kind: 'value', code: `${item}` });
  loopScope.bindings.set('loop', { kind: 'loop', code: `${index}` });
  writer.addStatement(`const ${list} = toList(${compileExpression(node.arr, scope)}, ${place});`);
  // Outside of the loop, since a variable retains its value from one item to the next.
  const bodyScope = openScope([body], loopScope, output);
  writer.addStatement(`for (let ${index} = 0; ${index} < ${list}.length; ${index}++) {`);
  writer.addStatement(`const ${item} = ${list}[${index}];`);
  writeStatement(body, bodyScope, output);
  writer.addStatement('}');
  if (otherwise) {
    writer.addStatement(`if (${list}.length === 0) {`);
    writeBody([otherwise], createScope(scope, { isLoop: true }), output);
    writer.addStatement('}');
  }
}
