import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const text = readFileSync('docs/asvs.md', 'utf8');

/** The levels of the requirements of ASVS 5.0.0, in their order, by chapter and section. */
const LEVELS: Record<number, string> = {
  1: '22 1111122223 112222222223 222 123',
  2: '122 112 12223 23',
  3: '3 113 12223 11222233 11122333 3 22333',
  4: '12233 23333 22 1222',
  5: '2 112333 113 222',
  6: '122 111111112222 11223333 112233 22222333 2223 33 2222',
  7: '222 1111 22 11222 223 22',
  8: '1233 1123 133 23',
  9: '111 1222',
  10: '22 223 22223 1111122222233333 22222 22 222',
  11: '2233 22233 11233 1222 23 23 33',
  12: '12233 11 22223',
  13: '2333 222223 2233 1222233',
  14: '22 12223333 122',
  15: '12233 12233 1222222 3333',
  16: '2 22222 2222 222 2223',
  17: '23 22223333 22',
};

interface Requirement {
  id: string;
  level: string;
}

const requirements: Requirement[] = Object.entries(LEVELS).flatMap(([chapter, sections]) =>
  sections
    .split(' ')
    .flatMap((levels, section) =>
      Array.from(levels, (level, index) => ({
        id: `${chapter}.${section + 1}.${index + 1}`,
        level,
      })),
    )
    .filter(({ level }) => level !== '3'),
);

interface Row {
  requirements: Requirement[];
  levels: string;
  answer: string;
}

const rows: Row[] = Array.from(
  text.matchAll(/^\| (all of V\d+|\d[\d., ]*?) *\| ([12, ]+?) *\| .*? \| (.*?) *\|$/gm),
  ([, ids = '', levels = '', answer = '']) => ({
    requirements: requirementsOf(ids),
    levels,
    answer,
  }),
);

function requirementsOf(ids: string): Requirement[] {
  const [, chapter] = /^all of V(\d+)$/.exec(ids) ?? [];
  if (chapter) return requirements.filter(({ id }) => id.startsWith(`${chapter}.`));
  return ids.split(', ').map((id) => {
    const found = requirements.find((each) => each.id === id);
    if (!found) throw new Error(`ASVS has no requirement ${id} of level 1 or 2.`);
    return found;
  });
}

test('every requirement of levels 1 and 2 has one row, with its level', () => {
  const listed = rows.flatMap((row) => row.requirements.map(({ id }) => id));
  expect(listed.toSorted()).toEqual(requirements.map(({ id }) => id).toSorted());
  for (const row of rows) {
    const levels = new Set(row.requirements.map(({ level }) => level));
    expect([...levels].toSorted().join(', '), row.answer).toBe(row.levels);
  }
});

test('every row has a verdict with the tests that prove it, or a reason', () => {
  for (const {
    answer,
    requirements: [first],
  } of rows) {
    expect(answer, first?.id).toMatch(
      /^(Met( (where|with) [^:]+)?: .|Not met: .|Does not apply: .|Later, with changing )/,
    );
  }
});

test('more than 30 tests are named', () => {
  const tests = text.match(/(?<=`)test\/[^`]*(?=`)/g) ?? [];
  expect(new Set(tests).size).toBeGreaterThan(30);
  for (const file of tests) expect(file).toMatch(/\.test\.ts$/);
});

test('the numbers in the introduction are those of the rows', () => {
  const count = (start: string) =>
    rows
      .filter(({ answer }) => answer.startsWith(start))
      .reduce((sum, row) => sum + row.requirements.length, 0);
  const [met, not, later, none] = ['Met', 'Not met', 'Later', 'Does not apply'].map(count);
  expect(text.replaceAll(/\s+/g, ' ')).toContain(
    `MiniTwit meets ${met} of ${requirements.length} requirements. It does not meet ${not}, another ${later} come later, and ${none} do not apply`,
  );
});
