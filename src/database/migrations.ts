import { fileURLToPath } from 'node:url';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import Postgrator from 'postgrator';
import { OperatorError } from '../errors/operator-error.ts';
import { type MigrationSteps, runMissingSteps } from './migration-steps.ts';
import { splitStatements } from './split-statements.ts';

const PATTERN = fileURLToPath(new URL('../../migrations/*.sql', import.meta.url));
const VERSIONS = 'schema_version';

// The applied migrations. Postgrator reads and writes this table.
const CREATE_VERSIONS = `create table if not exists ${VERSIONS} (
  version int unsigned not null,
  name varchar(64) not null,
  md5 char(32) not null,
  run_at timestamp not null default current_timestamp,
  primary key (version)
) engine = InnoDB default character set utf8mb4`;

// The steps of an unfinished migration: its statements, counted from 1.
const CREATE_STEPS = `create table if not exists schema_step (
  version int unsigned not null,
  step int unsigned not null,
  is_done boolean not null,
  primary key (version, step)
) engine = InnoDB default character set utf8mb4`;

/**
 * Applies the files of `migrations/` that a database lacks, in the order of their numbers. If it is interrupted, the
 * next call continues with the statement that did not end. The caller holds the lock of the schema.
 * @returns the applied files, such as `002 no-cascades`
 * @throws OperatorError if a file was changed after it had been applied; the server's errors
 */
export async function applyMigrations(
  connection: Connection,
  { databaseName, onWait }: { databaseName: string; onWait: MigrationSteps['onWait'] },
): Promise<string[]> {
  await createLedger(connection);
  const postgrator = createPostgrator({
    // Postgrator writes the name into a string.
    database: mysql.escape(databaseName).slice(1, -1),
    execQuery: async (sql) => {
      const [rows] = await connection.query<RowDataPacket[]>(sql);
      return { rows };
    },
    execSqlScript: (sql) =>
      runMissingSteps(connection, { version, statements: splitStatements(sql), onWait }),
  });
  let version = 0;
  postgrator.on('migration-started', (migration) => (version = migration.version));
  return (await postgrator.migrate().catch(rethrow)).map(formatMigration);
}

/** Records that a database has the tables of all migrations, which another file has created. */
export async function recordAllMigrations(connection: Connection): Promise<void> {
  await createLedger(connection);
  await connection.query(`delete from ${VERSIONS}`);
  await connection.query('delete from schema_step');
  for (const { version, name, md5 } of await createPostgrator().getMigrations()) {
    await connection.query(
      `insert into ${VERSIONS} (version, name, md5) values (:version, :name, :md5)`,
      { version, name, md5 },
    );
  }
}

function createPostgrator(options: Partial<Postgrator.MySQLOptions> = {}): Postgrator {
  return new Postgrator({
    driver: 'mysql',
    schemaTable: VERSIONS,
    migrationPattern: PATTERN,
    // A checkout on Windows may have other line ends.
    newline: 'LF',
    ...options,
  });
}

async function createLedger(connection: Connection): Promise<void> {
  for (const sql of [CREATE_VERSIONS, CREATE_STEPS]) await connection.query(sql);
}

function rethrow(error: Error): never {
  const [, version] = /^MD5 checksum failed for migration \[(\d+)\]$/.exec(error.message) ?? [];
  if (version === undefined) throw error;
  throw new OperatorError(
    `The file of migration ${version} was changed after the migration had been applied. Restore the file, and write a new one for further changes.`,
    { cause: error },
  );
}

function formatMigration({ version, name }: Postgrator.Migration): string {
  return `${String(version).padStart(3, '0')} ${name}`;
}
