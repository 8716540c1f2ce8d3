import type { Connection } from 'mysql2/promise';
import type { CopyResult } from '../../../src/warehouse/copy/copy-database.ts';

/** When the sample was copied: a Wednesday, at noon. */
export const AS_OF_S = at('2026-11-25 12:00:00');

const people = ['alice', 'bob', 'carol', 'dave', 'eve'];

// Mondays are 10-05 and 11-16.
const messages: [number, string, string][] = [
  [1, '2026-10-06 10:00:00', 'hello'], // Tuesday, 5 characters
  [1, '2026-10-06 10:59:59', '@bob come'], // 9
  [3, '2026-11-10 23:59:59', 'See https://example.com/a'], // Tuesday, 25
  [2, '2026-11-16 00:00:00', 'Write to bob@example.com'], // Monday, 24; no mention
  [1, '2026-11-16 00:30:00', 'ä'.repeat(20)],
  [3, '2026-11-25 08:00:00', 'x'.repeat(280)], // Wednesday
];

// Alice has 3 followers, Bob 1, Carol 1, Dave and Eve none.
const follows = [
  [2, 1],
  [3, 1],
  [4, 1],
  [1, 2],
  [4, 3],
];

/** Fills MiniTwit's empty tables with five people, of whom two have not written. */
export async function fillSample(connection: Connection): Promise<void> {
  await connection.query(`insert into user (user_id, username, email, pw_hash) values :rows`, {
    rows: people.map((name, index) => [index + 1, name, `${name}@example.com`, '']),
  });
  await connection.query('insert into message (author_id, pub_date, text) values :rows', {
    rows: messages.map(([author, time, text]) => [author, at(time), text]),
  });
  await connection.query('insert into follower (who_id, whom_id) values :rows', { rows: follows });
}

/** A copy of which nothing is known but checksums: of the messages, and of the people. */
export function copyWith(ofMessages: number, { asOfS = AS_OF_S, ofPeople = 1 } = {}): CopyResult {
  const rows = { rows: 5, proved: 5, sent: 5, deleted: 0, parts: [] };
  return {
    asOfS,
    tables: [
      { table: 'user', checksum: String(ofPeople), ...rows },
      { table: 'message', checksum: String(ofMessages), ...rows },
    ],
  };
}

function at(time: string): number {
  return Date.parse(`${time.replace(' ', 'T')}Z`) / 1000;
}
