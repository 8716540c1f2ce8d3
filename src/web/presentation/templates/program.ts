import { compileFunction } from 'node:vm';
import * as runtime from './runtime.ts';
import type { Language } from './scope.ts';
import { createCodeWriter, type CodeWriter } from './code-writer.ts';

/** Renders a template as HTML. */
export type Render = (context: object) => string;

/** A JavaScript program of functions that return HTML. */
export interface Program {
  /** Returns a name for a variable or a function that no other one has. */
  createName: (name: string) => string;
  /** Adds a function. `write` writes its body and returns its parameters. */
  addFunction: (name: string, write: (writer: CodeWriter) => string[]) => void;
  /** Returns functions by the names of their templates. */
  evaluate: (names: ReadonlyMap<string, string>) => Map<string, Render>;
}

/** Creates a program without functions. */
export function createProgram({ filters, globals }: Language): Program {
  const functions: string[] = [];
  let nameCount = 0;
  return {
    createName: (name) => `${name.replaceAll(/\W/g, '_')}_${++nameCount}`,
    addFunction(name, write) {
      const writer = createCodeWriter();
      const parameters = write(writer).join();
      functions.push(
        `function ${name}(${parameters}) {\nlet html = "";\n${writer.finish()}\nreturn html;\n}`,
      );
    },
    evaluate(names) {
      const entries = Array.from(names, ([name, code]) => `[${JSON.stringify(name)}, ${code}]`);
      const source = [
        '"use strict";',
        `const { ${Object.keys(runtime).join()} } = runtime;`,
        ...functions,
        `return new Map([${entries.join()}]);`,
      ].join('\n');
      const parameters = { runtime, filters, globals };
      return compileFunction(source, Object.keys(parameters), { filename: 'views' })(
        ...Object.values(parameters),
      ) as Map<string, Render>;
    },
  };
}
