// A plugin for oxlint, which checks the language of comments, messages and titles of tests.
import { relative } from 'node:path';
import { findOpeningProblem, findSentenceProblem } from './sentences.ts';
import { blank, listRefusedWords } from './words.ts';

interface Comment {
  type: 'Line' | 'Block' | 'Shebang';
  value: string;
  range: [number, number];
}

/** The nodes of the syntax tree that are read. */
interface Node {
  type: string;
  range: [number, number];
  parent?: Node;
  value?: unknown;
  /** The texts of a template literal, between its expressions. */
  quasis?: Node[];
  callee?: Node;
  arguments?: Node[];
  object?: Node;
  name?: string;
}

interface Context {
  cwd: string;
  physicalFilename: string;
  sourceCode: {
    text: string;
    getAllComments(): Comment[];
    getLocFromIndex(index: number): { line: number; column: number };
  };
  report(problem: { message: string; loc: { start: object; end: object } }): void;
}

const DIRECTIVE = /^\s*(?:oxlint|eslint|prettier|@ts|@vite|v8 ignore|<reference)/;
const TAG = /(?:^|\s)@(?:param|returns|throws|example)\b/;
const TEST_FUNCTIONS = new Set(['test', 'it', 'describe']);

const words = {
  create(context: Context) {
    const { text } = context.sourceCode;
    const isTest = relative(context.cwd, context.physicalFilename).startsWith('test/');
    const check = ([start, end]: [number, number]) => {
      // Marks of comments and the code in them count as spaces.
      const prose = text
        .slice(start, end)
        .replaceAll(/^\s*(?:\*|\/\/+)/gm, blank)
        .replaceAll(/`[^`\n]*`/g, (code) => (code.length < end - start ? blank(code) : code));
      for (const { word, index, instead } of listRefusedWords(prose)) {
        report(context, start + index, word.length, `“${word}” is refused. Write: ${instead}.`);
      }
    };
    const checkString = (node: Node) => {
      const isMessage = isTest ? isTitle(node) : /\w \w/.test(text.slice(...node.range));
      if (isMessage) for (const { range } of node.quasis ?? [node]) check(range);
    };
    return {
      Program: () => {
        for (const { range } of listComments(context)) check(range);
      },
      Literal: (node: Node) => {
        if (typeof node.value === 'string') checkString(node);
      },
      TemplateLiteral: checkString,
    };
  },
};

const sentences = {
  create(context: Context) {
    const checkTitle = (node: Node) => {
      if (!isTitle(node)) return;
      const [start, end] = node.range;
      const problem = findOpeningProblem(context.sourceCode.text.slice(start + 1, end - 1));
      if (problem !== null) report(context, start, end - start, problem);
    };
    return {
      Program: () => {
        for (const { text, range, isTrailing } of listComments(context)) {
          // A comment behind code is a label.
          if (isTrailing) continue;
          const problem = findSentenceProblem(text);
          if (problem !== null) report(context, range[0], range[1] - range[0], problem);
        }
      },
      Literal: checkTitle,
      TemplateLiteral: checkTitle,
    };
  },
};

export default { meta: { name: 'language' }, rules: { words, sentences } };

/** Returns whether a string is the title of a test. */
function isTitle(node: Node): boolean {
  const call = node.parent;
  if (call?.type !== 'CallExpression' || call.arguments?.[0]?.range[0] !== node.range[0]) {
    return false;
  }
  let callee = call.callee;
  while (callee && callee.type !== 'Identifier') callee = callee.object ?? callee.callee;
  return TEST_FUNCTIONS.has(callee?.name ?? '');
}

interface CommentText {
  type: string;
  /** The text without the tags of a docstring. */
  text: string;
  range: [number, number];
  /** Whether code precedes the comment on its line. */
  isTrailing: boolean;
}

/** Lists the comments. Consecutive line comments count as one. */
function listComments({ sourceCode }: Context): CommentText[] {
  const found: CommentText[] = [];
  for (const { type, value, range } of sourceCode.getAllComments()) {
    if (type === 'Shebang' || DIRECTIVE.test(value)) continue;
    const last = found.at(-1);
    const continues =
      type === 'Line' &&
      last?.type === 'Line' &&
      /^\n[ \t]*$/.test(sourceCode.text.slice(last.range[1], range[0]));
    if (continues) {
      last.text += `\n${value.trim()}`;
      last.range = [last.range[0], range[1]];
    } else {
      const [text = ''] = value.replaceAll(/^\s*\*+ ?/gm, '').split(TAG, 1);
      const isTrailing = /\S[ \t]*$/.test(sourceCode.text.slice(0, range[0]));
      found.push({ type, text: text.trim(), range, isTrailing });
    }
  }
  return found;
}

function report(
  { sourceCode, ...context }: Context,
  start: number,
  length: number,
  message: string,
) {
  const [from, to] = [start, start + length].map((at) => sourceCode.getLocFromIndex(at));
  context.report({ message, loc: { start: from ?? {}, end: to ?? {} } });
}
