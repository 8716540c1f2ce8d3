import { hash } from 'bcryptjs';
import type { RowDataPacket } from 'mysql2/promise';
import type { DatabaseConfig } from '../../config/config.ts';
import { withConnection } from '../../database/with-connection.ts';
import { migrateSchema } from '../../database/schema.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { createDemoData, type DemoData } from './demo-data.ts';

// The password of every user.
const PASSWORD = 'demo';

const HASH_COST = 10;
const WAIT_MAX_MS = 10_000;

/**
 * Inserts the demo data into a database without users, in one transaction.
 * @returns a message with the number of users and messages, and with a login
 * @throws OperatorError if the database has users
 */
export async function addDemoData(database: DatabaseConfig): Promise<string> {
  const data = createDemoData(Math.floor(Date.now() / 1000));
  const passwordHash = await hash(PASSWORD, HASH_COST);
  await insertRows(database, data, passwordHash);
  // This creates the missing profiles, and stores the names as taken.
  await migrateSchema(database, { waitMaxMs: WAIT_MAX_MS });
  const { people, messages } = data;
  return (
    `Added the demo data: ${people.length} people and ${messages.length} messages. ` +
    `Sign in as ${people[0]?.name} with the password ${PASSWORD}.`
  );
}

/** Inserts the rows in one transaction. After a part of them, `--demo` could never add the other rows. */
async function insertRows(
  database: DatabaseConfig,
  data: DemoData,
  passwordHash: string,
): Promise<void> {
  const idOf = new Map(data.people.map(({ name }, index) => [name, index + 1]));
  const users = data.people.map(({ name, registeredS }, index) => [
    index + 1,
    name,
    `person${index + 1}@example.com`,
    passwordHash,
    registeredS,
  ]);
  const messages = data.messages.map(({ author, text, pubDateS }, index) => [
    index + 1,
    idOf.get(author),
    text,
    pubDateS,
  ]);
  const follows = data.follows.map(({ who, whom }) => [idOf.get(who), idOf.get(whom)]);
  await withConnection(database, { waitMaxMs: WAIT_MAX_MS }, async (connection) => {
    await connection.query('begin');
    const [counts] = await connection.query<RowDataPacket[]>('select count(*) as total from user');
    const total = Number(counts[0]?.total);
    if (total > 0) throw new OperatorError(formatRefusal(total));
    await connection.query(
      'insert into user (user_id, username, email, pw_hash, registered_at) values :users',
      { users },
    );
    await connection.query(
      'insert into message (message_id, author_id, text, pub_date) values :messages',
      { messages },
    );
    await connection.query('insert into follower (who_id, whom_id) values :follows', { follows });
    await connection.query('commit');
  });
}

function formatRefusal(users: number): string {
  return (
    `The database has ${users} users, but the demo data needs an empty database. Start without --demo, ` +
    'or delete all data with: rm -r .data/mariadb'
  );
}
