import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const FOLDER = 'src/repositories';
const SELECT = /`\s*select\b[^`]*`|'select\b[^']*'/g;
// In a transaction, the writes fail on a demoted server.
const IN_TRANSACTION = /transaction\.select(<[^>]*>)?\(\s*$/;

test('every select outside of a transaction has the condition :isPrimary', () => {
  const reads = readdirSync(FOLDER).flatMap((file) => {
    const text = readFileSync(`${FOLDER}/${file}`, 'utf8');
    return Array.from(text.matchAll(SELECT))
      .filter(({ index }) => !IN_TRANSACTION.test(text.slice(0, index)))
      .map(([sql]) => ({ file, sql }));
  });
  expect(reads.length).toBeGreaterThan(12);
  expect(reads.filter(({ sql }) => !sql.includes(':isPrimary'))).toEqual([]);
});
