import type { RowDataPacket } from 'mysql2/promise';
import { usernameOf } from './data.ts';
import type { DataSet } from './data-sets.ts';
import { onConnection } from './databases.ts';
import type { WebRequest } from './requests.ts';

const READERS_AT_ONCE = 100;
const EACH = 20;

/** People who begin to follow somebody whom they do not follow yet, nobody twice in a row. */
export async function* listStrangers({ users, ours }: DataSet): AsyncGenerator<WebRequest> {
  for (let start = 0; ; start += READERS_AT_ONCE) {
    const turn = Math.floor(start / users);
    const readers = Array.from(
      { length: READERS_AT_ONCE },
      (_, index) => ((start + index) % users) + 1,
    );
    const strangers = await onConnection(ours, async (connection) => {
      const [rows] = await connection.query<RowDataPacket[]>(
        'select who_id as whoId, whom_id as whomId from follower where who_id in (:readers)',
        { readers },
      );
      const known = new Set(rows.map(({ whoId, whomId }) => `${whoId} ${whomId}`));
      return readers.map((reader) => strangersOf(reader, { users, turn, known }));
    });
    for (let index = 0; index < EACH; index++) {
      for (const [at, userId] of readers.entries()) {
        const name = usernameOf(strangers[at]?.[index] ?? 0);
        yield { path: `/${name}/follow`, userId, form: {}, answer: `/${name}` };
      }
    }
  }
}

interface Known {
  users: number;
  /** How often everybody has had their turn. */
  turn: number;
  known: Set<string>;
}

function strangersOf(reader: number, { users, turn, known }: Known): number[] {
  const found: number[] = [];
  // each turn looks elsewhere: whoever was found before may not have been followed since
  for (let step = 1 + turn * 4 * EACH; found.length < EACH; step++) {
    const other = ((reader - 1 + step * 37) % users) + 1;
    if (other !== reader && !known.has(`${reader} ${other}`)) found.push(other);
  }
  return found;
}
