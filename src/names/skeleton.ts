import { CONFUSABLES } from './confusables.ts';

/** The longest skeleton, in code points, as the column `taken_name.skeleton` stores it. */
const SKELETON_MAX_LENGTH = 255;

// Each line is `PROTOTYPE:CHARACTERS`. A prototype can be several code points: `114+110:109` for m, which resembles rn.
const prototypes = new Map<string, string>();
for (const line of CONFUSABLES.trim().split('\n')) {
  const [prototype = '', characters = ''] = line.split(':');
  const text = toText(prototype.split('+'));
  for (const character of characters.split(' ')) prototypes.set(toText([character]), text);
}

/**
 * Returns the skeleton of a username by Unicode's UTS #39: texts that resemble each other have the same skeleton.
 * Upper and lower case differ, as in usernames: Roger and roger are two users. The skeleton of a name of ligatures is
 * truncated to 255 code points.
 */
export function skeleton(username: string): string {
  const visible = username.normalize('NFD').replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '');
  const mapped = Array.from(visible, (character) => prototypes.get(character) ?? character);
  return Array.from(mapped.join('').normalize('NFD')).slice(0, SKELETON_MAX_LENGTH).join('');
}

function toText(codePoints: string[]): string {
  return String.fromCodePoint(...codePoints.map(Number));
}
