// Checks the words of documents, scripts, SQL, templates and configuration: `node test/language/documents.ts`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { blank, listRefusedWords } from './words.ts';

// The linter checks TypeScript and JavaScript. A script without a suffix has no dot in its name.
const CHECKED = /(\.(md|sh|sql|ya?ml|lua|html|njk|css|cfg|service)|(^|\/)[^./]+|\.env\.example)$/;

const files = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).split('\0');
for (const file of files.filter((path) => CHECKED.test(path))) {
  const text = readFileSync(file, 'utf8');
  for (const { word, index, instead } of listRefusedWords(withoutCode(text, file))) {
    const line = text.slice(0, index).split('\n').length;
    console.log(`${file}:${line}: “${word}” is refused. Write: ${instead}.`);
    process.exitCode = 1;
  }
}

/** Returns a text with spaces in place of Markdown's code and the targets of links. */
function withoutCode(text: string, file: string): string {
  if (!file.endsWith('.md')) return text;
  return text.replaceAll(/^( *```).*?^\1|`[^`]*`|\]\([^)]*\)/gms, blank);
}
