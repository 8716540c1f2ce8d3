import type { Macro, Scope } from './scope.ts';
import { createScope } from './scope.ts';
import { type Output, writeBody } from './statements.ts';
import { type MacroDefinition, symbolOf, unsupported } from './syntax.ts';

/** Describes the JavaScript function of a macro. The scope is that of its template. */
export function toMacro({ args, name }: MacroDefinition, code: string, scope: Scope): Macro {
  const parameters = args.children.flatMap((arg) => {
    if (arg.typename !== 'KeywordArgs') {
      return [{ name: symbolOf(arg, scope.template), defaultCode: 'undefined' }];
    }
    return arg.children.map(({ key, value }) => {
      if (value.typename !== 'Literal') {
        throw unsupported(scope.template, value, `${value.typename} as a default of ${name.value}`);
      }
      return { name: key.value, defaultCode: JSON.stringify(value.value) };
    });
  });
  return { code, parameters, hasContext: scope.hasContext };
}

/** Writes the body of a macro. Returns the names of the function's parameters. */
export function writeMacro(
  { body }: MacroDefinition,
  { parameters, hasContext }: Macro,
  outer: Scope,
  output: Output,
): string[] {
  const scope = createScope(outer);
  const codes = parameters.map(({ name }) => {
    const code = output.createName(name);
    scope.bindings.set(name, { kind: 'value', code });
    return code;
  });
  writeBody([body], scope, output);
  return hasContext ? ['context', ...codes] : codes;
}
