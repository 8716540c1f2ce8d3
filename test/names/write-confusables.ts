// Writes src/names/confusables.ts from a copy of https://www.unicode.org/Public/security/latest/confusables.txt:
// `node test/names/write-confusables.ts PATH`.
import { readFileSync, writeFileSync } from 'node:fs';

const OUTPUT = new URL('../../src/names/confusables.ts', import.meta.url);
const [path = ''] = process.argv.slice(2);
const source = readFileSync(path, 'utf8');
const [, version = ''] = /^# Version: (\S+)/m.exec(source) ?? [];
const [, year = ''] = /^# Date: (\d+)/m.exec(source) ?? [];

const toDecimal = (codePoints: string) =>
  codePoints.split(' ').map((codePoint) => Number.parseInt(codePoint, 16));

const groups = new Map<string, number[]>();
for (const [, character = '', prototype = ''] of source.matchAll(
  /^\uFEFF?([0-9A-F]+) ;\t([0-9A-F ]+) ;\tMA\t/gm,
)) {
  const key = toDecimal(prototype).join('+');
  groups.set(key, [...(groups.get(key) ?? []), ...toDecimal(character)]);
}

const lines = Array.from(
  groups,
  ([prototype, characters]) => `${prototype}:${characters.join(' ')}`,
);
writeFileSync(
  OUTPUT,
  `// Written by test/names/write-confusables.ts. Copyright © 1991-${year} Unicode, Inc. unicode-license.txt has the license.

/**
 * The characters that resemble another one, from confusables.txt of Unicode ${version}, as decimal code points. A line is
 * \`PROTOTYPE:CHARACTERS\`, and a prototype of several code points is joined with \`+\`.
 */
export const CONFUSABLES = \`
${lines.join('\n')}
\`;
`,
);
