import type { RowDataPacket } from 'mysql2/promise';
import { beforeEach, expect, test } from 'vitest';
import { withConnection } from '../src/database/with-connection.ts';
import { useEmptyDatabase } from './support/database.ts';
import { databaseSettings, type Program, startProgram } from './support/programs.ts';
import { createTablesOf18, readSchema } from './support/schema.ts';
import { HANG_MS } from './support/timeouts.ts';
import { waitFor } from './support/wait-for.ts';

const config = useEmptyDatabase();
beforeEach(() => createTablesOf18(config));

function startMigration(): Program {
  return startProgram('src/migrate.ts', databaseSettings(config));
}

test('prints the applied migrations, and does nothing the next time', async () => {
  const first = startMigration();
  expect(await first.ended).toBe(0);
  expect(first.output.stdout).toMatch(/^Applied the migration 001 tables\.\n.*002 no-cascades/);
  const second = startMigration();
  expect(await second.ended).toBe(0);
  expect(second.output.stdout).toBe('The database has all migrations. Nothing was changed.\n');
});

test.each(['session', 'profile', 'user', 'follower'])(
  'a migration that is killed while it waits for the table %s continues the next time',
  async (table) => {
    await withConnection(config, { waitMaxMs: HANG_MS }, async (other) => {
      await other.query('begin');
      await other.query(`select * from ${table}`);
      const killed = startMigration();
      await waitFor('the migration waits', async () => {
        const [rows] = await other.query<RowDataPacket[]>(
          `select 1 from information_schema.processlist where state like '%metadata lock%' and db = database()`,
        );
        return rows.length > 0;
      });
      killed.process.kill('SIGKILL');
      expect(await killed.ended).toBeNull();
      await other.query('commit');
    });
    const next = startMigration();
    expect(await next.ended).toBe(0);
    expect(next.output.stderr).toBe('');
    const schema = await readSchema(config);
    await createTablesOf18(config);
    expect(await startMigration().ended).toBe(0);
    expect(await readSchema(config)).toEqual(schema);
  },
);

test('lists all settings that are missing', async () => {
  const program = startProgram('src/migrate.ts', {});
  expect(await program.ended).toBe(1);
  expect(program.output.stderr).toMatch(/DB_HOST.*\n.*DB_USER/);
});
