import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { findLatestVersion } from '../../src/database/latest-migration.ts';
import { initializeSchema, migrateSchema } from '../../src/database/schema.ts';
import { splitStatements } from '../../src/database/split-statements.ts';
import { withConnection } from '../../src/database/with-connection.ts';
import { runSql, useEmptyDatabase } from '../support/database.ts';
import {
  createTablesOf18,
  dropTables,
  dropTablesAndRecord,
  readSchema,
} from '../support/schema.ts';
import { HANG_MS } from '../support/timeouts.ts';
import { waitFor } from '../support/wait-for.ts';

const config = useEmptyDatabase();
const waitMaxMs = HANG_MS;
const retryOptions = { waitMaxMs };
const ALL = (await readdir('migrations'))
  .toSorted()
  .map((name) => name.replace(/^(\d{3})\.do\.(.+)\.sql$/, '$1 $2'));

async function readNewSchema(): Promise<string[]> {
  await dropTablesAndRecord(config);
  await initializeSchema(config, { existing: 'refuse', waitMaxMs });
  return readSchema(config);
}

test('the numbers of the migrations are consecutive', async () => {
  const names = (await readdir('migrations')).toSorted();
  expect(names.map((name) => name.replace(/^(\d{3})\.do\.[a-z0-9-]+\.sql$/, '$1'))).toEqual(
    names.map((_, index) => String(index + 1).padStart(3, '0')),
  );
  expect(await findLatestVersion()).toBe(names.length);
});

test('schema.sql and all migrations create the same tables', async () => {
  const schema = await readNewSchema();
  await createTablesOf18(config);
  const changes = { isNew: false, migrations: ALL, profiles: 0, names: 0 };
  expect(await migrateSchema(config, retryOptions)).toEqual(changes);
  expect(await readSchema(config)).toEqual(schema);
});

test('an empty database gets the tables of schema.sql, and has all migrations', async () => {
  await readNewSchema();
  await dropTables(config);
  expect(await migrateSchema(config, retryOptions)).toMatchObject({ isNew: true });
  const changes = { isNew: false, migrations: [], profiles: 0, names: 0 };
  expect(await migrateSchema(config, retryOptions)).toEqual(changes);
});

test('tables of an earlier version are added, and its users get profiles', async () => {
  const schema = await readNewSchema();
  await createTablesOf18(config);
  await runSql(
    config,
    'drop table profile, session, rate_limit',
    `insert into user (username, email, pw_hash) values ('a', 'a', 'x'), ('b', 'b', 'x')`,
  );
  const changes = { isNew: false, migrations: ALL, profiles: 2, names: 2 };
  expect(await migrateSchema(config, retryOptions)).toEqual(changes);
  expect(await readSchema(config)).toEqual(schema);
});

test('one of several concurrent calls applies the migrations', async () => {
  await createTablesOf18(config);
  const calls = Array.from({ length: 6 }, () => migrateSchema(config, retryOptions));
  const applied = (await Promise.all(calls)).map(({ migrations }) => migrations);
  expect(applied.filter((each) => each.length > 0)).toEqual([ALL]);
});

test('a migration that was changed after it had been applied is refused', async () => {
  await readNewSchema();
  await runSql(config, `update schema_version set md5 = repeat('0', 32) where version = 1`);
  await expect(migrateSchema(config, retryOptions)).rejects.toThrow(
    /^The file of migration 1 was changed after/,
  );
});

test('a database of a later version is not changed', async () => {
  await readNewSchema();
  await runSql(
    config,
    `insert into schema_version (version, name, md5) values (900, 'later', repeat('0', 32))`,
  );
  expect(await migrateSchema(config, retryOptions)).toMatchObject({ migrations: [] });
});

describe('a migration whose process was killed continues', async () => {
  const statements = splitStatements(await readFile('migrations/002.do.no-cascades.sql', 'utf8'));
  const isStep = (statement: string) => !/^set /i.test(statement);

  /** Leaves the tables as a process does that is killed before or after it runs the last one of these statements. */
  async function killAt(step: number, when: 'before' | 'after'): Promise<void> {
    await readNewSchema();
    await dropTables(config);
    await runSql(
      config,
      ...splitStatements(await readFile('migrations/001.do.tables.sql', 'utf8')),
      'delete from schema_version where version > 1',
      ...statements.slice(0, when === 'before' ? step - 1 : step),
      ...statements
        .slice(0, step)
        .flatMap((statement, index) =>
          isStep(statement)
            ? [`insert into schema_step values (2, ${index + 1}, ${index + 1 < step})`]
            : [],
        ),
    );
  }

  test.each(
    statements.flatMap((statement, index) =>
      isStep(statement) ? [['before', index + 1] as const, ['after', index + 1] as const] : [],
    ),
  )('%s statement %i', async (when, step) => {
    const schema = await readNewSchema();
    await killAt(step, when);
    expect(await migrateSchema(config, retryOptions)).toMatchObject({ migrations: ALL.slice(1) });
    expect(await readSchema(config)).toEqual(schema);
  });
});

test('while a migration waits for a transaction, other requests are served', async () => {
  await createTablesOf18(config);
  const database = openDatabase({ ...config, poolSize: 2 });
  onTestFinished(() => database.end());
  await withConnection(config, retryOptions, async (other) => {
    await other.query('begin');
    await other.query('select * from session');
    const migration = migrateSchema(config, retryOptions);
    await waitFor('the migration waits', async () => {
      const rows = await database.select(
        `select 1 from information_schema.processlist where state like '%metadata lock%'`,
      );
      return rows.length > 0;
    });
    // A request that waits behind the migration fails after three seconds.
    for (let request = 0; request < 5; request++) {
      await database.select('select count(*) as total from session');
    }
    await other.query('commit');
    expect(await migration).toMatchObject({ migrations: ALL });
  });
});
