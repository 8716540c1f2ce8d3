import { validateMessageLength } from '../../src/web/forms/message.ts';
import { fillCodePoints } from './sizes.ts';
import type { Site } from './site.ts';

const MESSAGES_ON_A_PAGE = 30;
const CODE_POINTS = 1000;

// Ten code points that count as one character, and have the most bytes in UTF-8 and in percent-encoding.
const HEAVY_LETTER = `\u{1d7d8}${'\u{1e8d0}'.repeat(9)}`;
const TEXTS: [name: string, text: string][] = [
  ['quotes', '"'.repeat(280)],
  ['short mentions', '@a '.repeat(93)],
  ['mentions of ten code points a character', `@${HEAVY_LETTER.repeat(279)}`],
  [
    'mentions of 64 code points',
    fillCodePoints(`@${HEAVY_LETTER.repeat(7).slice(0, 128)} `, CODE_POINTS),
  ],
  ['short links', 'http://a '.repeat(31)],
  ['a link of ten code points a character', `http://a/${HEAVY_LETTER.repeat(271)}`],
  ['a link of 1,000 code points', `http://a/${fillCodePoints(HEAVY_LETTER, CODE_POINTS - 9)}`],
  ['a link of &', `http://a/${'&'.repeat(270)}a`],
  ['line ends', '\n'.repeat(279)],
  ['code points', fillCodePoints(HEAVY_LETTER, CODE_POINTS)],
];

/** Returns a line for each text, with the bytes of a page that is filled with it. */
export async function listPageSizes({ port, fillWith }: Site): Promise<string[]> {
  const lines = ['\nPages of 30 messages'];
  for (const [name, text] of TEXTS) {
    await fillWith(text, MESSAGES_ON_A_PAGE);
    const page = await fetch(`http://127.0.0.1:${port}/public`);
    const { length } = Buffer.from(await page.arrayBuffer());
    const isAllowed = validateMessageLength(text) === null;
    lines.push(
      `${String(length).padStart(9)} bytes${isAllowed ? '' : ' (longer than the limit)'}: ${name}`,
    );
  }
  return lines;
}
