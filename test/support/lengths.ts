/** Texts with their length as people see them, which the server and the post box must agree on. */
export const lengths: [text: string, length: number][] = [
  ['', 0],
  ['hello', 5],
  ['Ægir 明', 6],
  ['e\u0301', 1],
  ['👍🏽', 1],
  ['👩🏽‍❤️‍💋‍👨🏿', 1],
  ['🇩🇪🇫🇷', 2],
  ['שלום', 4],
  ['a\nb', 3],
  // more than ten accents on a letter count as a character for each ten
  [`e${'\u0301'.repeat(99)}`, 10],
];
