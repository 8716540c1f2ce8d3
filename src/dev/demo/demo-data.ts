import { readFileSync } from 'node:fs';

// The path is the same from dist/ and from src/.
const CONVERSATIONS = new URL('../../../src/dev/demo/conversations.txt', import.meta.url);
const MINUTE_S = 60;
const SEED = 20_260_101;
// The share of users whom an author follows without mentioning them.
const RANDOM_FOLLOWS_PERCENT = 12;

/** Users, their messages and their follows. */
export interface DemoData {
  /** In the order of registration. */
  people: { name: string; registeredS: number }[];
  /** Oldest first. */
  messages: { author: string; text: string; pubDateS: number }[];
  follows: { who: string; whom: string }[];
}

interface Line {
  author: string;
  text: string;
}

/**
 * Creates the demo data, which is the same each time. The newest message is some minutes older than `nowS`.
 * @param nowS in seconds since 1970
 */
export function createDemoData(nowS: number): DemoData {
  const conversations = readConversations();
  const random = createRandom(SEED);
  const lines = conversations.flat();
  const people = Array.from(new Set(lines.map(({ author }) => author)));
  const times = drawTimes(conversations, nowS, random);
  const messages = lines.map((line, index) => ({ ...line, pubDateS: times[index] ?? nowS }));
  return {
    people: people.map((name) => ({ name, registeredS: findRegistration(name, messages) })),
    messages,
    follows: drawFollows(people, lines, random),
  };
}

/** Returns the time when an author registered: shortly before the first message, in seconds since 1970. */
function findRegistration(name: string, messages: DemoData['messages']): number {
  const first = messages.find(({ author }) => author === name);
  if (!first) throw new Error(`${name} has no message`);
  return first.pubDateS - MINUTE_S;
}

/** Reads the file: a line `author: text` for each message, and an empty line between conversations. */
function readConversations(): Line[][] {
  const blocks = readFileSync(CONVERSATIONS, 'utf8').trim().split('\n\n');
  return blocks.map((block) => block.split('\n').map(parseLine));
}

function parseLine(line: string): Line {
  const [author = '', ...rest] = line.split(': ');
  return { author, text: rest.join(': ').replaceAll(String.raw`\n`, '\n') };
}

/** Draws the time of each message, newest first. Messages are minutes apart, and conversations are hours apart. */
function drawTimes(conversations: Line[][], nowS: number, random: () => number): number[] {
  const times: number[] = [];
  let timeS = nowS - 3 * MINUTE_S;
  for (const [age, conversation] of conversations.toReversed().entries()) {
    for (let index = 0; index < conversation.length; index++) {
      times.unshift(Math.floor(timeS));
      timeS -= (1 + random() * 14) * MINUTE_S;
    }
    // Users write more messages each day than on the day before.
    timeS -= random() * (60 + age * 10) * MINUTE_S;
  }
  return times;
}

/** Draws the follows. Each author follows all users whom they mention, and some others. */
function drawFollows(people: string[], lines: Line[], random: () => number): DemoData['follows'] {
  return people.flatMap((who) => {
    const texts = lines.filter(({ author }) => author === who).map(({ text }) => text);
    const mentioned = new Set(texts.join(' ').match(/(?<=@)[^\s:,.!?]+/g));
    return people
      .filter((whom) => whom !== who)
      .filter((whom) => random() * 100 < RANDOM_FOLLOWS_PERCENT || mentioned.has(whom))
      .map((whom) => ({ who, whom }));
  });
}

/** Creates a seeded generator of numbers from 0 to below 1 (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
