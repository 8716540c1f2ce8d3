import type { CodeWriter } from './code-writer.ts';
import { toMacro, writeMacro } from './macros.ts';
import { createProgram, type Render } from './program.ts';
import {
  type Binding,
  createRootScope,
  createScope,
  type Language,
  listSetNames,
  type Scope,
} from './scope.ts';
import { type Blocks, openScope, type Output, writeStatements } from './statements.ts';
import {
  parseTemplate,
  type Reference,
  type Statement,
  type Template,
  unsupported,
} from './syntax.ts';

/**
 * Compiles templates in the language of nunjucks to JavaScript functions.
 * @param sources the text of each template by its name
 * @throws Error with the file and the line if a template is wrong or has a construct that is not supported
 */
export function compileTemplates(
  sources: ReadonlyMap<string, string>,
  language: Language,
): Map<string, Render> {
  const templates = new Map<string, Template>();
  for (const [name, source] of sources) templates.set(name, parseTemplate(name, source));
  const { createName, addFunction, evaluate } = createProgram(language);
  const imported = new Map<Template, Map<string, Binding>>();

  function findTemplate({ name, place }: Reference): Template {
    const template = templates.get(name);
    if (template) return template;
    throw new Error(`${place}: There is no template called ${name}.`);
  }

  /** Returns the imports and the macros of a template that another one imports or includes. */
  function importNames(template: Template): Map<string, Binding> {
    const names = imported.get(template) ?? defineNames(template, false);
    imported.set(template, names);
    return names;
  }

  /** Returns the imports and the macros of a template, and adds the functions of the macros. */
  function defineNames(template: Template, hasContext: boolean): Map<string, Binding> {
    const scope = createRootScope(language, template.name, hasContext);
    const pageNames = listSetNames(template.body, scope);
    for (const name of pageNames) scope.bindings.set(name, { kind: 'page' });
    const names = new Map<string, Binding>();
    for (const each of template.imports) {
      names.set(each.alias, { kind: 'import', members: importNames(findTemplate(each)) });
    }
    const macros = template.macros.map((node) => {
      const macro = toMacro(node, createName(node.name.value), scope);
      names.set(node.name.value, { kind: 'macro', ...macro });
      return { node, macro };
    });
    for (const [name, binding] of names) scope.bindings.set(name, binding);
    for (const { node, macro } of macros) {
      addFunction(macro.code, (writer) =>
        writeMacro(node, macro, scope, createOutput(writer, null)),
      );
    }
    return names;
  }

  function createOutput(writer: CodeWriter, blocks: Blocks | null): Output {
    const include = (reference: Reference, outer: Scope) => {
      const template = findTemplate(reference);
      const bindings = importNames(template);
      const scope = createScope(outer, { template: template.name, bindings });
      writeTemplate(template, scope, writer);
    };
    return { writer, createName, blocks, include };
  }

  /** Writes the statements of a template and of the templates that it extends. */
  function writeTemplate(
    template: Template,
    outer: Scope,
    writer: CodeWriter,
    blocks: Blocks = new Map(),
  ): void {
    const output = createOutput(writer, blocks);
    const scope = openScope(template.body, outer, output);
    if (!template.parent) return writeStatements(template.body, scope, output);
    writeStatements(addBlocks(template, blocks), scope, output);
    const parent = findTemplate(template.parent);
    const bindings = importNames(parent);
    writeTemplate(parent, createScope(scope, { template: parent.name, bindings }), writer, blocks);
  }

  const pages = new Map<string, string>();
  for (const template of templates.values()) {
    const code = createName(`render_${template.name}`);
    addFunction(code, (writer) => {
      const scope = createRootScope(language, template.name, true);
      scope.bindings = defineNames(template, true);
      writeTemplate(template, scope, writer);
      return ['context'];
    });
    pages.set(template.name, code);
  }
  return evaluate(pages);
}

/** Adds the blocks of a template that extends another one. Returns its other statements, which set variables. */
function addBlocks({ name, body }: Template, blocks: Blocks): Statement[] {
  return body.filter((node) => {
    if (node.typename === 'Set') return true;
    if (node.typename === 'Block') {
      const { value } = node.name;
      if (!blocks.has(value)) blocks.set(value, { body: node.body, template: name });
    } else if (node.typename !== 'Output' || !node.children.every(isBlank)) {
      throw unsupported(name, node, `${node.typename} outside of the blocks of an extension`);
    }
    return false;
  });
}

const isBlank = (node: { typename: string; value?: unknown }) =>
  node.typename === 'TemplateData' && String(node.value).trim() === '';
