/** The length of a text in grapheme clusters, and in Unicode code points. */
interface Length {
  characters: number;
  codePoints: number;
}

/** Texts with their lengths. The server and the script of the form must compute the same lengths. */
export const lengths: [text: string, length: Length][] = [
  ['', { characters: 0, codePoints: 0 }],
  ['hello', { characters: 5, codePoints: 5 }],
  ['Ægir 明', { characters: 6, codePoints: 6 }],
  ['e\u0301', { characters: 1, codePoints: 2 }],
  ['👍🏽', { characters: 1, codePoints: 2 }],
  ['👩🏽‍❤️‍💋‍👨🏿', { characters: 1, codePoints: 10 }],
  ['🇩🇪🇫🇷', { characters: 2, codePoints: 4 }],
  ['שלום', { characters: 4, codePoints: 4 }],
  ['a\nb', { characters: 3, codePoints: 3 }],
  [`e${'\u0301'.repeat(99)}`, { characters: 1, codePoints: 100 }],
];
