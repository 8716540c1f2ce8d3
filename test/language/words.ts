/** A refused word in a text. `index` is its position, and `instead` the words to choose from. */
export interface Refused {
  word: string;
  index: number;
  instead: string;
}

// Each pattern is refused as a whole word, in any case. Its value has the words to write instead.
const REFUSED: Record<string, string> = {
  'whoever|nobody|no one|somebody|someone':
    'the noun: user, reader, author, operator, client, server',
  'looks?|looked|looking': 'poll, check, read, search',
  'tells?|told|telling': 'log, report, print, distinguish',
  'says?|said|saying': 'log, print, format, state',
  'keeps?|keeping|kept': 'cache, retain, store, preserve',
  remains: 'retained resources, or “is still”',
  leftovers: 'orphaned resources',
  'wish|wishes|wished': 'request, option',
  'broken off': 'interrupted, cancelled',
  'be it': 'on … and on …',
  'by which': 'with which, or a second sentence',
  anew: 'again',
  dear: 'expensive',
  'at hand': 'available',
  '(?:go|goes|going|went) on': 'continue',
  'in the making': 'being created',
  'mends?|mended|mending': 'repair, correct',
  'for ever': 'permanently, without a limit',
  'other than that': 'otherwise',
};

// Names of parameters, and words with a technical meaning.
const ALLOWED = /@param \w+|keep-alives?|(?:look|looks|looked|looking) ?-?ups?/gi;

const PATTERNS = Object.entries(REFUSED).map(
  ([words, instead]) => [new RegExp(`(?<![\\w-])(?:${words})(?![\\w-])`, 'gi'), instead] as const,
);

/** Lists the refused words of a text in their order. A phrase is found across a line break. */
export function listRefusedWords(text: string): Refused[] {
  const oneLine = text.replace(ALLOWED, blank).replaceAll(/\s/g, ' ');
  return PATTERNS.flatMap(([pattern, instead]) =>
    Array.from(oneLine.matchAll(pattern), (match) => ({
      word: match[0],
      index: match.index,
      instead,
    })),
  ).toSorted((a, b) => a.index - b.index);
}

/** Returns as many spaces as a text has code units, and its line breaks. */
export function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, ' ');
}
