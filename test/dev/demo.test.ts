import { expect, test } from 'vitest';
import { addDemoData } from '../../src/dev/demo/demo.ts';
import { createDemoData } from '../../src/dev/demo/demo-data.ts';
import { validateMessageLength } from '../../src/web/forms/message.ts';
import { normalizeUsername, validateUsername } from '../../src/web/forms/username.ts';
import { splitMessage } from '../../src/web/presentation/message-parts.ts';
import { useMiniTwit } from '../support/minitwit.ts';

const NOW_S = 1_790_000_000;
const DAY_S = 24 * 3600;
const { database, databaseConfig, repositories, visitor } = useMiniTwit();
const data = createDemoData(NOW_S);
const people = new Set(data.people.map(({ name }) => name));

test('the demo data is the same each time, relative to the clock', () => {
  expect(createDemoData(NOW_S)).toEqual(data);
  const later = createDemoData(NOW_S + DAY_S);
  const shifted = data.messages.map(({ pubDateS, ...rest }) => ({
    ...rest,
    pubDateS: pubDateS + DAY_S,
  }));
  const users = data.people.map(({ name, registeredS }) => ({
    name,
    registeredS: registeredS + DAY_S,
  }));
  expect(later).toEqual({ ...data, messages: shifted, people: users });
});

test('the messages are from the last weeks, oldest first', () => {
  const times = data.messages.map(({ pubDateS }) => pubDateS);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times.at(-1)).toBeLessThan(NOW_S);
  expect(times.at(-1)).toBeGreaterThan(NOW_S - 600);
  expect(NOW_S - (times[0] ?? 0)).toBeGreaterThan(14 * DAY_S);
  expect(NOW_S - (times[0] ?? 0)).toBeLessThan(35 * DAY_S);
});

test('users register before their first message, in the order of their ids', () => {
  const times = data.people.map(({ registeredS }) => registeredS);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  for (const { name, registeredS } of data.people) {
    const first = data.messages.find(({ author }) => author === name);
    expect(first?.pubDateS).toBeGreaterThan(registeredS);
  }
});

test('usernames and messages pass the rules of the forms', () => {
  const problems = [...people].filter(
    (name) => validateUsername(name) !== null || normalizeUsername(name) !== name,
  );
  expect(problems).toEqual([]);
  const texts = data.messages.map(({ text }) => text);
  expect(texts.filter((text) => validateMessageLength(text) !== null)).toEqual([]);
  expect(texts.filter((text) => text.trim() === '')).toEqual([]);
});

test('every mention names a user', () => {
  const mentions = data.messages
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
)('at least three messages contain %s', (script) => {
  const property = script === 'Emoji_Presentation' ? script : `Script=${script}`;
  const character = new RegExp(String.raw`\p{${property}}`, 'u');
  expect(data.messages.filter(({ text }) => character.test(text)).length).toBeGreaterThan(2);
});

test('fills an empty database, with correct profiles and a full timeline for alice', async () => {
  expect(await addDemoData(databaseConfig)).toMatch(/Sign in as alice with the password demo\.$/);
  for (const name of people) {
    const profile = await repositories.profiles.findProfile(name);
    const messages = data.messages.flatMap(({ author }, index) =>
      author === name ? [index + 1] : [],
    );
    expect(profile).toMatchObject({
      followers: data.follows.filter(({ whom }) => whom === name).length,
      following: data.follows.filter(({ who }) => who === name).length,
      newestIds: messages.toReversed().slice(0, 31),
    });
  }
  const { text } = await visitor().login('alice', 'demo');
  expect(text).toContain('You were logged in');
  expect(text.match(/<article/g)).toHaveLength(30);
});

test('refuses a database that has users, and changes nothing', async () => {
  const count = () => database.select('select count(*) as total from message');
  const before = await count();
  await expect(addDemoData(databaseConfig)).rejects.toThrow(
    /^The database has 45 users, but the demo data needs an empty database\. .*$/,
  );
  expect(await count()).toEqual(before);
});
