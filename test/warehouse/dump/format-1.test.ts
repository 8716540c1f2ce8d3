import { readFileSync } from 'node:fs';
import { expect, inject, test } from 'vitest';
import { createDatabase, readAll, readRows } from './databases.ts';
import { fromLines, restore } from './dumps.ts';

const server = inject('database');
/** A dump of version 1.10.0, in which a moderator has suspended alice and hidden bob's message. */
const lines = readFileSync(new URL('format-1.sql', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const users = [
  [1, 'alice', 'alice@example.com', '', null],
  [2, 'bob', 'bob@example.com', '', null],
];

test('a dump of format 1 is restored, without its profiles', async () => {
  const target = await createDatabase(server);
  expect(await restore(fromLines(lines), target)).toMatchObject({ format: 1 });
  expect(await readAll(target)).toEqual({
    user: users,
    message: [
      [1, 1, 'hello', 1_700_000_000],
      [3, 2, "it's a \\ and a 🦩", 1_700_000_001],
    ],
    follower: [[2, 1]],
  });
  const columns = 'user_id, followers, following, newest_ids, newest_id';
  expect(await readRows(target, `select ${columns} from profile order by user_id`)).toEqual([
    [1, 1, 0, '1', 1],
    [2, 0, 1, '3', 3],
  ]);
});

test('a dump of format 1 whose rows differ from its checksums is not restored', async () => {
  const target = await createDatabase(server);
  const damaged = lines.map((line) => line.replace("'hello'", "'hallo'"));
  await expect(restore(fromLines(damaged), target)).rejects.toThrow(
    /^The checksums of the database differ/,
  );
  expect((await readAll(target)).user).toEqual([]);
});

test('a dump of format 2 has no profiles', async () => {
  const target = await createDatabase(server);
  const newer = lines.with(0, (lines[0] ?? '').replace('"format":1', '"format":2'));
  await expect(restore(fromLines(newer), target)).rejects.toThrow(/cannot be used/);
});
