import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, QueryError, RowDataPacket } from 'mysql2/promise';

// While a statement waits for the lock of a table, the server lets all later requests to the table wait behind it.
const LOCK_WAIT_S = 1;
// Between two attempts, the requests that have waited are served.
const RETRY_AFTER_MS = 1000;
const LOCK_WAIT_MAX_MS = 10 * 60_000;

const LOCK_TIMEOUT = 1205;
// A statement that changes the tables, and that has already succeeded, fails with one of these errors.
const ALREADY_DONE = new Map([
  [1050, 'ER_TABLE_EXISTS_ERROR'],
  [1051, 'ER_BAD_TABLE_ERROR: the table to drop does not exist'],
  [1060, 'ER_DUP_FIELDNAME'],
  [1061, 'ER_DUP_KEYNAME'],
  [1091, 'ER_CANT_DROP_FIELD_OR_KEY'],
  [1826, 'ER_FK_DUP_NAME'],
]);

/** The statements of a migration. */
export interface MigrationSteps {
  version: number;
  statements: string[];
  /** Called once if a statement waits for a transaction of another connection. */
  onWait?: ((message: string) => void) | undefined;
}

/**
 * Runs those statements of a migration that have not ended yet, one after another, and records each. A statement that
 * was interrupted runs again, so one that changes rows must be idempotent. `set` statements run in any case.
 * @throws the server's errors, also if another transaction uses a table for 10 minutes
 */
export async function runMissingSteps(
  connection: Connection,
  { version, statements, onWait }: MigrationSteps,
): Promise<void> {
  await connection.query(`set session lock_wait_timeout = ${LOCK_WAIT_S}`);
  const steps = await readSteps(connection, version);
  for (const [index, statement] of statements.entries()) {
    const step = index + 1;
    if (/^set /i.test(statement)) await connection.query(statement);
    else if (steps.get(step) !== 'done') {
      const isRepeated = steps.get(step) === 'begun';
      await recordStep(connection, { version, step, isDone: false });
      await runStatement(connection, statement, onWait).catch((error: QueryError) => {
        if (!isRepeated || !ALREADY_DONE.has(error.errno ?? 0)) throw error;
      });
      await recordStep(connection, { version, step, isDone: true });
    }
  }
}

async function readSteps(
  connection: Connection,
  version: number,
): Promise<Map<number, 'begun' | 'done'>> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'select step, is_done as isDone from schema_step where version = :version',
    { version },
  );
  return new Map(rows.map(({ step, isDone }) => [Number(step), isDone ? 'done' : 'begun']));
}

async function recordStep(
  connection: Connection,
  step: { version: number; step: number; isDone: boolean },
): Promise<void> {
  await connection.query(
    `insert into schema_step (version, step, is_done)
     values (:version, :step, :isDone)
     on duplicate key update is_done = :isDone`,
    step,
  );
}

/** Runs a statement, again and again while a transaction of another connection uses the table. */
async function runStatement(
  connection: Connection,
  statement: string,
  onWait: MigrationSteps['onWait'],
): Promise<void> {
  const giveUpAt = Date.now() + LOCK_WAIT_MAX_MS;
  for (let isFirst = true; ; isFirst = false) {
    try {
      await connection.query(statement);
      return;
    } catch (error) {
      if ((error as QueryError).errno !== LOCK_TIMEOUT || Date.now() > giveUpAt) throw error;
    }
    if (isFirst) onWait?.('Waiting for a transaction that uses the table …');
    await sleep(RETRY_AFTER_MS);
  }
}
