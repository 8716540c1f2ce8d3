import type { Connection } from 'mysql2/promise';

const DAY_S = 86_400;
const PEOPLE = 1500;
const MESSAGES = 40_000;
const FOLLOWS = 12_000;
// The relative number of messages at each hour of the day, and on each day of the week from Monday.
const HOURS = [
  2, 1, 1, 1, 1, 2, 4, 8, 11, 11, 10, 11, 14, 12, 10, 10, 11, 13, 15, 17, 19, 18, 12, 6,
];
const WEEKDAYS = [1.05, 1.1, 1.1, 1.08, 0.95, 0.72, 0.8];
const NAMES = [
  'Roger Histand',
  'alice',
  'Ægir',
  'Ευρυδίκη',
  'mei',
  'José',
  'Zoë',
  '李娜',
  'Łukasz',
  'Noor',
];
const WORDS =
  'good morning who wants coffee before the balancer sends me to another instance'.split(' ');

/** A user who registers at one time, and posts nothing after another. */
interface Person {
  cameS: number;
  leftS: number;
}

/**
 * Fills MiniTwit's tables with a year of generated data that ends at `endS`, up to `untilS`. The data are the same at
 * each call, so a later call with a greater `untilS` adds the rest.
 */
export async function fillYear(
  connection: Connection,
  { endS, untilS }: { endS: number; untilS: number },
): Promise<void> {
  const random = createRandom();
  const startS = endS - 366 * DAY_S;
  const people = Array.from({ length: PEOPLE }, (_, index): Person => {
    // More users register each week than in the previous one.
    const cameS = startS + ((index + 1) / (PEOPLE + 1)) ** 0.6 * (endS - startS);
    const staysS = random() < 0.35 ? 400 * DAY_S : -Math.log(random()) * 20 * DAY_S;
    return { cameS, leftS: Math.min(endS, cameS + staysS) };
  });
  const users = people
    .filter(({ cameS }) => cameS <= untilS)
    .map((_, index) => [index + 1, NAMES[index] ?? `somebody ${index}`, '', '']);
  await connection.query(
    'insert ignore into user (user_id, username, email, pw_hash) values :rows',
    { rows: users },
  );

  // The first users have the most followers.
  const follows = Array.from({ length: FOLLOWS }, () => [
    1 + Math.floor(random() * PEOPLE),
    1 + Math.floor(random() ** 3 * PEOPLE),
  ]).filter((ids) => ids.every((id) => id <= users.length));
  await connection.query('insert ignore into follower (who_id, whom_id) values :rows', {
    rows: follows,
  });

  const moments = Array.from({ length: MESSAGES }, () => drawMoment(people, random));
  const messages = moments
    .filter(({ atS }) => atS <= untilS)
    .toSorted((a, b) => a.atS - b.atS)
    .map(({ author, atS }, index) => [index + 1, author + 1, writeText(random), Math.floor(atS)]);
  await connection.query(
    'insert ignore into message (message_id, author_id, text, pub_date) values :rows',
    { rows: messages },
  );
}

/** Returns the author and the time of a message, at an hour when users are active. */
function drawMoment(people: Person[], random: () => number): { author: number; atS: number } {
  for (;;) {
    const author = Math.floor(random() ** 1.6 * people.length);
    const { cameS, leftS } = people[author] ?? { cameS: 0, leftS: 0 };
    const atS = cameS + random() * (leftS - cameS);
    const at = new Date(atS * 1000);
    const busy = (HOURS[at.getUTCHours()] ?? 0) * (WEEKDAYS[(at.getUTCDay() + 6) % 7] ?? 0);
    if (random() * 21 < busy) return { author, atS };
  }
}

function writeText(random: () => number): string {
  const length = 3 + Math.floor(-Math.log(random()) * 9);
  const words = Array.from({ length }, () => WORDS[Math.floor(random() * WORDS.length)] ?? '');
  if (random() < 0.12) words.push('https://example.com/');
  if (random() < 0.2) words.unshift('@alice');
  return words.join(' ').slice(0, 280);
}

/** Returns a pseudo-random generator (Marsaglia's xorshift) of numbers above 0 and up to 1. */
function createRandom(): () => number {
  let state = 2_463_534_242;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 1) / 2 ** 32;
  };
}
