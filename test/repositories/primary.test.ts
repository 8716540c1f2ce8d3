import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const FOLDER = 'src/repositories';
const SELECT = /`\s*select\b[^`]*`|'select\b[^']*'/g;
const CALL = /(\w+)\s*\.select(?:<[^()]*>)?\(\s*$/;

const selects = readdirSync(FOLDER).flatMap((file) => {
  const text = readFileSync(`${FOLDER}/${file}`, 'utf8');
  return Array.from(text.matchAll(SELECT), ({ 0: sql, index }) => ({
    file,
    sql,
    // The object whose method runs the select. It is unknown if the text is assembled before.
    object: CALL.exec(text.slice(0, index))?.[1],
  }));
});

test('every select outside of a transaction has the condition :isPrimary', () => {
  // In a transaction, the writes fail on a demoted server.
  const reads = selects.filter(({ object }) => object !== 'transaction');
  expect(reads.length).toBeGreaterThan(12);
  expect(reads.filter(({ sql }) => !sql.includes(':isPrimary'))).toEqual([]);
});

test('every select that compares with the time of its server runs at the writer', () => {
  // The clock of a replica may be behind.
  const reads = selects.filter(({ sql }) => /:now\b|unix_timestamp/.test(sql));
  expect(reads.length).toBeGreaterThan(2);
  const atWriter = new Set<string | undefined>(['writer', 'transaction', 'statements']);
  expect(reads.filter(({ object }) => !atWriter.has(object))).toEqual([]);
});
