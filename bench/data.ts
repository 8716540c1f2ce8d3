import type { Connection } from 'mysql2/promise';

/** How much there is of a data set. */
export interface Size {
  users: number;
  messages: number;
}

/** The sizes that are measured. */
export const SIZES = {
  S: { users: 1000, messages: 10_000 },
  M: { users: 10_000, messages: 1_000_000 },
  L: { users: 100_000, messages: 10_000_000 },
} satisfies Record<string, Size>;

/** The name of a size. */
export type SizeName = keyof typeof SIZES;

const FIRST_DATE_S = Date.UTC(2021, 0) / 1000;
const LAST_DATE_S = Date.UTC(2026, 0) / 1000;
// the natural logarithm of whom somebody follows is normal: 48 people on average, of some a few
// hundred
const FOLLOWEES_LOG_MEAN = 3.7;
const FOLLOWEES_LOG_DEVIATION = 0.6;
// Zipf's: the n-th of all people writes, or is followed, as often as n to the power of this
const ACTIVITY_SKEW = -0.9;
const POPULARITY_SKEW = -0.6;
// pages are asked for so: Breslau et al., Web Caching and Zipf-like Distributions (1999), 0.64 to 0.83
const VISITS_SKEW = -0.8;
const ROWS_AT_ONCE = 5000;

const WORDS =
  `a about after again all also and any are as at away back be because been before best but by
  can coffee could day did do down even every first for friend from garden get go good great had has have
  he her here him his home house how I if in into is it its just know last later like little long look made
  make many me more morning most much music my never new next night no not now of off old on one only or other
  our out over people place rain read really river said same see she so some something still street summer sun
  take talk tea than that the their them then there these they thing think this time to today tomorrow town
  tree two under up us very walk want was water way we well went were what when where which while who why
  will winter with word work world would write year yes yesterday you your`.split(/\s+/);

/** The name of a user. */
export function usernameOf(userId: number): string {
  return `user${userId}`;
}

/** The id of a user's session: as long as those of express-session. */
export function sessionIdOf(userId: number): string {
  return `session-of-user-${userId}`.padEnd(32, '-');
}

/**
 * Fills MiniTwit's empty tables, the same way each time. The busiest are the most followed, and their
 * ids are spread over all. Everybody has the password with this hash and a session that ends in 2100.
 */
export async function fillTables(
  connection: Connection,
  { users, messages }: Size,
  passwordHash: string,
): Promise<void> {
  const ids = Array.from({ length: users }, (_, index) => index + 1);
  await insert(
    connection,
    'insert into user (user_id, username, email, pw_hash) values :rows',
    ids.map((id) => [id, usernameOf(id), `${usernameOf(id)}@example.com`, passwordHash]),
  );
  const endOfSessionsS = Date.UTC(2100, 0) / 1000;
  await insert(
    connection,
    'insert into session (session_id, user_id, expires_s) values :rows',
    ids.map((id) => [sessionIdOf(id), id, endOfSessionsS]),
  );
  await insert(
    connection,
    'insert into follower (who_id, whom_id) values :rows',
    listFollowers(users),
  );
  await insert(
    connection,
    'insert into message (message_id, author_id, text, pub_date) values :rows',
    listMessages(users, messages),
  );
}

/** Draws users as their pages are asked for, the known more often than the unknown: ids without end. */
export function* drawUsers(users: number, seed: number): Generator<number> {
  const draw = createDraw(users, VISITS_SKEW, createRandom(seed));
  while (true) yield draw();
}

function* listFollowers(users: number): Generator<[whoId: number, whomId: number]> {
  const random = createRandom(1);
  const draw = createDraw(users, POPULARITY_SKEW, random);
  for (let whoId = 1; whoId <= users; whoId++) {
    const wanted = Math.exp(FOLLOWEES_LOG_MEAN + FOLLOWEES_LOG_DEVIATION * normal(random));
    const whomIds = new Set<number>();
    const count = Math.min(Math.round(wanted), users / 4);
    while (whomIds.size < count) {
      const whomId = draw();
      if (whomId !== whoId) whomIds.add(whomId);
    }
    for (const whomId of whomIds) yield [whoId, whomId];
  }
}

function* listMessages(users: number, messages: number) {
  const random = createRandom(2);
  const draw = createDraw(users, ACTIVITY_SKEW, random);
  const secondsBetween = (LAST_DATE_S - FIRST_DATE_S) / messages;
  for (let messageId = 1; messageId <= messages; messageId++) {
    const pubDate = Math.floor(FIRST_DATE_S + messageId * secondsBetween);
    yield [messageId, draw(), writeText(random, draw), pubDate];
  }
}

/** Some words, at times to somebody or with a link. */
function writeText(random: Random, draw: () => number): string {
  const words = Array.from({ length: 3 + Math.floor(random() * random() * 45) }, () => {
    const chance = random();
    if (chance < 0.01) return `@${usernameOf(draw())}`;
    if (chance < 0.015) return `https://example.com/${Math.floor(random() * 1e6)}`;
    if (chance < 0.02) return '🙂';
    return WORDS[Math.floor(random() * WORDS.length)];
  });
  return words.join(' ').slice(0, 280);
}

/** Gives numbers from 0 to 1. */
type Random = () => number;

/** Numbers that look random and are the same each time: Mulberry32. */
function createRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Gives a way to draw users by their rank. */
function createDraw(users: number, skew: number, random: Random): () => number {
  const sums = new Float64Array(users);
  let sum = 0;
  for (let rank = 0; rank < users; rank++) {
    sum += (rank + 1) ** skew;
    sums[rank] = sum;
  }
  return () => {
    const rank = firstAbove(sums, random() * sum);
    // spreads the known over all ids: 7919 is prime, and divides none of the sizes
    return ((rank * 7919) % users) + 1;
  };
}

/** The index of the first of rising numbers that is above a limit. */
function firstAbove(numbers: Float64Array, limit: number): number {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

async function insert(
  connection: Connection,
  sql: string,
  rows: Iterable<unknown[]>,
): Promise<void> {
  let batch: unknown[][] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < ROWS_AT_ONCE) continue;
    await connection.query(sql, { rows: batch });
    batch = [];
  }
  if (batch.length > 0) await connection.query(sql, { rows: batch });
}
