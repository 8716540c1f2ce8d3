import { beforeAll, expect, inject, test } from 'vitest';
import type { DatabaseConfig } from '../../../src/config/config.ts';
import { createFilled, nastyRows, readAll, type Rows } from './databases.ts';
import { dump, fromLines, linesOf, restore } from './dumps.ts';

const old: Rows = { user: [[7, 'alice', 'a@b.c', '', null]], message: [], follower: [] };
let bytes: Buffer;
let lines: string[];
let target: DatabaseConfig;

beforeAll(async () => {
  bytes = await dump(await createFilled(inject('database'), nastyRows()));
  lines = linesOf(bytes);
  target = await createFilled(inject('database'), old);
});

/** Tries to put it in the place of rows, and expects them to be there afterwards. */
async function expectRefusal(damaged: Buffer, problem: RegExp): Promise<void> {
  await expect(restore(damaged, target, { existing: 'replace' })).rejects.toThrow(problem);
  expect(await readAll(target)).toEqual(old);
}

function refused(problem: string): RegExp {
  return new RegExp(
    `^The dump of the test cannot be used: ${problem}.*\\. Nothing was changed\\.$`,
  );
}

test.for([0, 5, 0.1, 0.5, 0.9, -1, -8, -9])(
  'refuses a dump that is truncated at %d',
  async (at) => {
    const end = Math.abs(at) < 1 ? Math.round(bytes.length * at) : at;
    await expectRefusal(bytes.subarray(0, end), refused('its end is missing'));
  },
);

test.for([0.3, 0.6])('refuses a dump with a flipped bit at %d', async (at) => {
  const damaged = Buffer.from(bytes);
  const place = Math.round(bytes.length * at);
  damaged[place] = (bytes[place] ?? 0) ^ 1;
  await expectRefusal(damaged, refused('it '));
});

test('a dump whose checksum does not match its text is refused', async () => {
  const damaged = Buffer.from(bytes);
  damaged.writeUInt32LE(1, bytes.length - 8);
  await expectRefusal(damaged, refused('it is damaged \\(incorrect data check\\)'));
});

test.for([
  ['the last line', -1, 'its end is missing'],
  ['the end of the rows', -2, 'it has a line that does not insert rows'],
  ['the header', 0, 'its first line is not the header'],
  ['a preparation', 2, '"set session'],
] as const)('one without %s is refused', async ([, at, problem]) => {
  await expectRefusal(fromLines(lines.toSpliced(at, 1)), refused(problem));
});

test.for([
  'drop table user;',
  'insert into session (session_id, user_id, expires_s) values (1, 1, 1);',
  'insert into user (user_id, is_admin) values (1, 1);',
  'insert into follower (who_id, whom_id) values (1, 2); drop table user;',
  'insert into follower (who_id, whom_id) values ((select 1), 2);',
  'insert into follower (who_id, whom_id) values (1, 2) on duplicate key update who_id = 1;',
  "insert into follower (who_id, whom_id) values ('a'); drop table user; -- ', 2);",
  "insert into follower (who_id, whom_id) values ('a\\\\'); drop table user; -- ', 2);",
  'insert into follower (who_id, whom_id) values (1, sleep(1));',
  'insert into follower (who_id, whom_id) values (1, 2)',
  '',
  '-- a comment',
])('a line that is not rows alone is refused: %s', async (line) => {
  await expectRefusal(
    fromLines(lines.toSpliced(6, 0, line)),
    refused('it has a line that does not insert rows'),
  );
});

test('a line without an end is refused before it fills the memory', async () => {
  const endless = lines.toSpliced(6, 0, `insert into ${'x'.repeat(3e6)}`);
  await expectRefusal(fromLines(endless), refused('it has a line without an end'));
});

test('a dump of another format, and a file that is no dump, are refused', async () => {
  const newer = lines.with(0, (lines[0] ?? '').replace('"format":2', '"format":3'));
  await expectRefusal(fromLines(newer), refused('its first line is not the header'));
  await expectRefusal(Buffer.from(lines.join('\n')), refused('it is damaged \\(incorrect header'));
});

test('a dump whose header and trailer do not agree is refused', async () => {
  const other = lines.with(0, (lines[0] ?? '').replace('"follower":3', '"follower":4'));
  await expectRefusal(fromLines(other), refused('its first and last line do not agree'));
});

test('data after the last line is refused', async () => {
  await expectRefusal(fromLines([...lines, 'x']), refused('it has data after its last line'));
});
