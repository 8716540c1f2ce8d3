import type { RowDataPacket } from 'mysql2/promise';
import { usernameOf } from './data.ts';
import type { DataSet } from './data-sets.ts';
import { withBenchConnection } from './databases.ts';
import type { WebRequest } from './requests.ts';

const READERS_PER_BATCH = 100;
const FOLLOWS_PER_READER = 20;

/**
 * Generates requests to follow a user whom the reader does not follow yet. Consecutive requests have different readers.
 */
export async function* generateNewFollows({ users, ours }: DataSet): AsyncGenerator<WebRequest> {
  for (let start = 0; ; start += READERS_PER_BATCH) {
    const turn = Math.floor(start / users);
    const readers = Array.from(
      { length: READERS_PER_BATCH },
      (_, index) => ((start + index) % users) + 1,
    );
    const unfollowed = await withBenchConnection(ours, async (connection) => {
      const [rows] = await connection.query<RowDataPacket[]>(
        'select who_id as whoId, whom_id as whomId from follower where who_id in (:readers)',
        { readers },
      );
      const followed = new Set(rows.map(({ whoId, whomId }) => `${whoId} ${whomId}`));
      return readers.map((reader) => listUnfollowed(reader, { users, turn, followed }));
    });
    for (let index = 0; index < FOLLOWS_PER_READER; index++) {
      for (const [at, userId] of readers.entries()) {
        const name = usernameOf(unfollowed[at]?.[index] ?? 0);
        yield { path: `/${name}/follow`, userId, form: {}, expected: `/${name}` };
      }
    }
  }
}

interface FollowContext {
  users: number;
  /** The number of times that all users have been readers. */
  turn: number;
  followed: Set<string>;
}

function listUnfollowed(reader: number, { users, turn, followed }: FollowContext): number[] {
  const found: number[] = [];
  // Each turn starts at other users: wrk may not have sent all requests of the previous turn.
  for (let step = 1 + turn * 4 * FOLLOWS_PER_READER; found.length < FOLLOWS_PER_READER; step++) {
    const other = ((reader - 1 + step * 37) % users) + 1;
    if (other !== reader && !followed.has(`${reader} ${other}`)) found.push(other);
  }
  return found;
}
