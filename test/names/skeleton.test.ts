import { describe, expect, test } from 'vitest';
import { skeleton } from '../../src/names/skeleton.ts';

describe('names that resemble each other have the same skeleton', () => {
  test.each<[string, string, string]>([
    ['a Cyrillic letter', 'roger', 'r\u043eger'],
    ['a capital I for an l', 'Roland', 'RoIand'],
    ['a digit for a letter', 'ROGER', 'R0GER'],
    ['two letters for one', 'mike', 'rnike'],
    ['a full-width letter', 'anna', 'ann\uff41'],
    ['a mathematical letter', 'anna', 'ann\u{1d41a}'],
    ['a composed and a decomposed accent', 'zo\u00eb', 'zoe\u0308'],
    ['an invisible selector', '\u2764', '\u2764\ufe0f'],
    ['an invisible joiner', '\u0c15\u0c4d\u0c37', '\u0c15\u0c4d\u200c\u0c37'],
  ])('%s', (_what, name, other) => {
    expect(name).not.toBe(other);
    expect(skeleton(other)).toBe(skeleton(name));
  });
});

describe('other names have different skeletons', () => {
  test.each<[string, string, string]>([
    ['upper and lower case', 'Roger', 'roger'],
    ['an accent', 'Rogér', 'Roger'],
    ['a space', 'ann lee', 'annlee'],
    ['ß and ss', 'straße', 'strasse'],
    ['emoji', '🐙', '🦑'],
    ['numbers', 'user 12', 'user 21'],
  ])('%s', (_what, name, other) => {
    expect(skeleton(other)).not.toBe(skeleton(name));
  });
});

test('the skeleton of a skeleton is the same', () => {
  for (const name of ['Roger', 'mike', 'zoë', 'ß', '\u{fdfa}', 'İstanbul', '🐙 1']) {
    expect(skeleton(skeleton(name))).toBe(skeleton(name));
  }
});

test('the skeleton of the longest name fits into the column', () => {
  expect(Array.from(skeleton('\u{fdfa}'.repeat(64)))).toHaveLength(255);
});
