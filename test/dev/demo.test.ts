import { expect, test } from 'vitest';
import { addDemo } from '../../src/dev/demo/demo.ts';
import { createWorld } from '../../src/dev/demo/world.ts';
import { messageLength, MESSAGE_MAX_LENGTH } from '../../src/forms/message.ts';
import { normalizeUsername, usernameProblem } from '../../src/forms/username.ts';
import { splitMessage } from '../../src/presentation/message-parts.ts';
import { useMiniTwit } from '../support/minitwit.ts';

const NOW_S = 1_790_000_000;
const DAY_S = 24 * 3600;
const { database, databaseConfig, repositories, visitor } = useMiniTwit();
const world = createWorld(NOW_S);
const people = new Set(world.people);

test('the world is the same each time, and moves with the clock', () => {
  expect(createWorld(NOW_S)).toEqual(world);
  const later = createWorld(NOW_S + DAY_S);
  const shifted = world.messages.map(({ pubDateS, ...rest }) => ({
    ...rest,
    pubDateS: pubDateS + DAY_S,
  }));
  expect(later).toEqual({ ...world, messages: shifted });
});

test('messages are of the last weeks, in order', () => {
  const times = world.messages.map(({ pubDateS }) => pubDateS);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times.at(-1)).toBeLessThan(NOW_S);
  expect(times.at(-1)).toBeGreaterThan(NOW_S - 600);
  expect(NOW_S - (times[0] ?? 0)).toBeGreaterThan(14 * DAY_S);
  expect(NOW_S - (times[0] ?? 0)).toBeLessThan(35 * DAY_S);
});

test('everybody could have registered, and every message could have been posted', () => {
  const problems = world.people.filter(
    (name) => usernameProblem(name) !== null || normalizeUsername(name) !== name,
  );
  expect(problems).toEqual([]);
  const texts = world.messages.map(({ text }) => text);
  expect(texts.filter((text) => messageLength(text) > MESSAGE_MAX_LENGTH)).toEqual([]);
  expect(texts.filter((text) => text.trim() === '')).toEqual([]);
});

test('every mention leads to somebody', () => {
  const mentions = world.messages
    .flatMap(({ text }) => splitMessage(text))
    .filter(({ isMention }) => isMention);
  expect(mentions.length).toBeGreaterThan(100);
  const unknown = mentions.filter(
    ({ href }) => !people.has(decodeURIComponent(href?.slice(1) ?? '')),
  );
  expect(unknown).toEqual([]);
});

test.each(
  'Latin Greek Cyrillic Arabic Hebrew Devanagari Bengali Tamil Thai Georgian Armenian Ethiopic Han Hiragana Hangul Emoji_Presentation'.split(
    ' ',
  ),
)('there are messages with %s', (script) => {
  const property = script === 'Emoji_Presentation' ? script : `Script=${script}`;
  const character = new RegExp(String.raw`\p{${property}}`, 'u');
  expect(world.messages.filter(({ text }) => character.test(text)).length).toBeGreaterThan(2);
});

test('an empty database is filled, with profiles that are true, and a login for a full timeline', async () => {
  expect(await addDemo(databaseConfig)).toMatch(/Sign in as alice with the password demo\.$/);
  for (const name of people) {
    const profile = await repositories.profiles.findProfile(name);
    const messages = world.messages.flatMap(({ author }, index) =>
      author === name ? [index + 1] : [],
    );
    expect(profile).toMatchObject({
      followers: world.follows.filter(({ whom }) => whom === name).length,
      following: world.follows.filter(({ who }) => who === name).length,
      newestIds: messages.toReversed().slice(0, 31),
    });
  }
  const { text } = await visitor().login('alice', 'demo');
  expect(text).toContain('You were logged in');
  expect(text.match(/<article/g)).toHaveLength(30);
});

test('a database that has users is refused, and stays as it was', async () => {
  const count = () => database.select('select count(*) as total from message');
  const before = await count();
  await expect(addDemo(databaseConfig)).rejects.toThrow(
    /^The database has 45 users, and the demo data is for an empty database\. .*$/,
  );
  expect(await count()).toEqual(before);
});
