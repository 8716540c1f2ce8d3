import nunjucks from 'nunjucks';

interface Place {
  /** The line, counted from zero. */
  lineno: number;
}

/** An expression of a template. Nodes of other types are in no template of MiniTwit, and are refused. */
export type Expression = Place &
  (
    | { typename: 'Literal'; value: unknown }
    | { typename: 'Symbol'; value: string }
    | { typename: 'Group' | 'Array'; children: Expression[] }
    | { typename: 'LookupVal'; target: Expression; val: Expression }
    | { typename: 'And' | 'Or' | 'Add' | 'Sub'; left: Expression; right: Expression }
    | { typename: 'Not'; target: Expression }
    | { typename: 'Compare'; expr: Expression; ops: { type: string; expr: Expression }[] }
    | { typename: 'InlineIf'; cond: Expression; body: Expression; else_: Expression | null }
    | Call
  );

/** A call of a function or a macro, or a filter, whose first argument is the value before the `|`. */
export type Call = Place &
  (
    | { typename: 'FunCall'; name: Expression; args: { children: Argument[] } }
    | { typename: 'Filter'; name: { value: string }; args: { children: Expression[] } }
  );

/** Keyword arguments come last. A macro has its parameters with defaults in the same form. */
export type Argument = Expression | Keywords;

/** Keyword arguments of a call. */
export type Keywords = Place & { typename: 'KeywordArgs'; children: Keyword[] };

type Keyword = Place & { key: { value: string }; value: Expression };

/** A statement, or text between statements. */
export type Statement = Place &
  (
    | { typename: 'NodeList'; children: Statement[] }
    | { typename: 'Output'; children: (Expression | Text)[] }
    | { typename: 'If'; cond: Expression; body: Statement; else_: Statement | null }
    | {
        typename: 'For';
        arr: Expression;
        name: Expression;
        body: Statement;
        else_: Statement | null;
      }
    | { typename: 'Set'; targets: Expression[]; value: Expression | null }
    | { typename: 'Include'; template: Expression; ignoreMissing: boolean | null }
    | { typename: 'Block'; name: { value: string }; body: Statement }
    | { typename: 'Extends'; template: Expression }
    | { typename: 'Import'; template: Expression; target: Expression; withContext: boolean | null }
    | MacroDefinition
  );

type Text = Place & { typename: 'TemplateData'; value: string };

/** The definition of a macro. */
export type MacroDefinition = Place & {
  typename: 'Macro';
  name: { value: string };
  args: { children: Argument[] };
  body: Statement;
};

/** The name of another template, and the file and the line where it is. */
export interface Reference {
  name: string;
  place: string;
}

/** A template as its parts. */
export interface Template {
  name: string;
  /** The template that this one extends, or null. */
  parent: Reference | null;
  imports: (Reference & { alias: string })[];
  macros: MacroDefinition[];
  /** The other statements. */
  body: Statement[];
}

// The types of nunjucks do not declare its parser.
const { parser } = nunjucks as unknown as {
  parser: { parse: (source: string, extensions: [], options: object) => { children: Statement[] } };
};

/**
 * Parses a template.
 * @throws Error with the file and the line if its syntax is wrong or not supported
 */
export function parseTemplate(name: string, source: string): Template {
  const template: Template = { name, parent: null, imports: [], macros: [], body: [] };
  for (const node of parse(name, source)) {
    if (node.typename === 'Extends') template.parent = referenceOf(node.template, name);
    else if (node.typename === 'Macro') template.macros.push(node);
    else if (node.typename === 'Import') {
      if (node.withContext) throw unsupported(name, node, 'Import with context');
      const alias = symbolOf(node.target, name);
      template.imports.push({ ...referenceOf(node.template, name), alias });
    } else template.body.push(node);
  }
  return template;
}

function parse(name: string, source: string): Statement[] {
  try {
    return parser.parse(source, [], { trimBlocks: true, lstripBlocks: true }).children;
  } catch (cause) {
    // At the end of the file, the parser has no line.
    const { lineno = source.split('\n').length, message } = cause as Error & { lineno?: number };
    throw new Error(`${name}:${lineno}: ${message}`, { cause });
  }
}

/** Returns the name of another template, which must be a literal. */
export function referenceOf(node: Expression, template: string): Reference {
  if (node.typename === 'Literal' && typeof node.value === 'string') {
    return { name: node.value, place: placeOf(template, node) };
  }
  throw unsupported(template, node, `${node.typename} as the name of a template`);
}

/** Returns the name of a variable. */
export function symbolOf(node: Expression, template: string): string {
  if (node.typename === 'Symbol') return node.value;
  throw unsupported(template, node, `${node.typename} as a name`);
}

/** Returns the file and the line of a node, for error messages. */
export function placeOf(template: string, { lineno }: Place): string {
  return `${template}:${lineno + 1}`;
}

/** Returns the error for a construct that `compileTemplates` does not support. */
export function unsupported(template: string, node: Place, construct: string): Error {
  return new Error(`${placeOf(template, node)}: Templates cannot have this here: ${construct}.`);
}
