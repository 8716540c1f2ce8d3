import type { Connection } from 'mysql2/promise';

/** The number of rows of a data set. */
export interface Size {
  users: number;
  messages: number;
}

/** The sizes of the data sets, by name. */
export const SIZES = {
  S: { users: 1000, messages: 10_000 },
  M: { users: 10_000, messages: 1_000_000 },
  L: { users: 100_000, messages: 10_000_000 },
} satisfies Record<string, Size>;

/** The name of a size. */
export type SizeName = keyof typeof SIZES;

const FIRST_DATE_S = Date.UTC(2021, 0) / 1000;
const LAST_DATE_S = Date.UTC(2026, 0) / 1000;
// The number of followed users is log-normal: 48 on average, a few hundred for some users.
const FOLLOWED_LOG_MEAN = 3.7;
const FOLLOWED_LOG_DEVIATION = 0.6;
// Zipf's law: the n-th user posts, or is followed, in proportion to n to the power of the skew.
const ACTIVITY_SKEW = -0.9;
const POPULARITY_SKEW = -0.6;
// Breslau et al., Web Caching and Zipf-like Distributions (1999), found exponents of 0.64 to 0.83.
const VISITS_SKEW = -0.8;
const ROWS_PER_INSERT = 5000;

// oxlint-disable language/words
const WORDS =
  `a about after again all also and any are as at away back be because been before best but by
  can coffee could day did do down even every first for friend from garden get go good great had has have
  he her here him his home house how I if in into is it its just know last later like little long look made
  make many me more morning most much music my never new next night no not now of off old on one only or other
  our out over people place rain read really river said same see she so some something still street summer sun
  take talk tea than that the their them then there these they thing think this time to today tomorrow town
  tree two under up us very walk want was water way we well went were what when where which while who why
  will winter with word work world would write year yes yesterday you your`.split(/\s+/);
// oxlint-enable language/words

/** Returns a user's name. */
export function usernameOf(userId: number): string {
  return `user${userId}`;
}

/** Returns the id of a user's session. It is as long as an id of express-session. */
export function sessionIdOf(userId: number): string {
  return `session-of-user-${userId}`.padEnd(32, '-');
}

/**
 * Fills empty tables with the same rows each time. The most active users are the most followed, and
 * their ids are spread over the whole range. Every user has this password hash and a session until 2100.
 */
export async function fillTables(
  connection: Connection,
  { users, messages }: Size,
  passwordHash: string,
): Promise<void> {
  const ids = Array.from({ length: users }, (_, index) => index + 1);
  await insertRows(
    connection,
    'insert into user (user_id, username, email, pw_hash) values :rows',
    ids.map((id) => [id, usernameOf(id), `${usernameOf(id)}@example.com`, passwordHash]),
  );
  const endOfSessionsS = Date.UTC(2100, 0) / 1000;
  await insertRows(
    connection,
    'insert into session (session_id, user_id, expires_s) values :rows',
    ids.map((id) => [sessionIdOf(id), id, endOfSessionsS]),
  );
  await insertRows(
    connection,
    'insert into follower (who_id, whom_id) values :rows',
    listFollowers(users),
  );
  await insertRows(
    connection,
    'insert into message (message_id, author_id, text, pub_date) values :rows',
    listMessages(users, messages),
  );
}

/** Generates user ids without end, as their pages are requested: popular users more often. */
export function* drawVisits(users: number, seed: number): Generator<number> {
  const draw = createRankedDraw(users, VISITS_SKEW, createRandom(seed));
  while (true) yield draw();
}

function* listFollowers(users: number): Generator<[whoId: number, whomId: number]> {
  const random = createRandom(1);
  const draw = createRankedDraw(users, POPULARITY_SKEW, random);
  for (let whoId = 1; whoId <= users; whoId++) {
    const size = Math.exp(FOLLOWED_LOG_MEAN + FOLLOWED_LOG_DEVIATION * normal(random));
    const whomIds = new Set<number>();
    const count = Math.min(Math.round(size), users / 4);
    while (whomIds.size < count) {
      const whomId = draw();
      if (whomId !== whoId) whomIds.add(whomId);
    }
    for (const whomId of whomIds) yield [whoId, whomId];
  }
}

function* listMessages(users: number, messages: number) {
  const random = createRandom(2);
  const draw = createRankedDraw(users, ACTIVITY_SKEW, random);
  const secondsBetween = (LAST_DATE_S - FIRST_DATE_S) / messages;
  for (let messageId = 1; messageId <= messages; messageId++) {
    const pubDate = Math.floor(FIRST_DATE_S + messageId * secondsBetween);
    yield [messageId, draw(), writeText(random, draw), pubDate];
  }
}

/** Returns some words, with a mention, a link or an emoji now and then. */
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

/** Returns a number from 0 to 1. */
type Random = () => number;

/** Returns a pseudo-random generator (Mulberry32), so that each run has the same data. */
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

/** Returns a function that draws user ids by a power law of their rank. */
function createRankedDraw(users: number, skew: number, random: Random): () => number {
  const sums = new Float64Array(users);
  let sum = 0;
  for (let rank = 0; rank < users; rank++) {
    sum += (rank + 1) ** skew;
    sums[rank] = sum;
  }
  return () => {
    const rank = findFirstAbove(sums, random() * sum);
    // A prime that divides no size maps each rank to another id, and spreads popular users.
    return ((rank * 7919) % users) + 1;
  };
}

/** Returns the index of the first number above the limit. The numbers are in ascending order. */
function findFirstAbove(numbers: Float64Array, limit: number): number {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

async function insertRows(
  connection: Connection,
  sql: string,
  rows: Iterable<unknown[]>,
): Promise<void> {
  let batch: unknown[][] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < ROWS_PER_INSERT) continue;
    await connection.query(sql, { rows: batch });
    batch = [];
  }
  if (batch.length > 0) await connection.query(sql, { rows: batch });
}
