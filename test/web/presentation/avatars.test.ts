import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { drawIdenticon, gravatarUrl, identiconUrl } from '../../../src/web/presentation/avatars.ts';

test('draws the same picture for the same username, and another picture for another username', () => {
  expect(drawIdenticon('alice')).toBe(drawIdenticon('alice'));
  const names = Array.from({ length: 500 }, (_, index) => `user${index}`);
  expect(new Set(names.map(drawIdenticon)).size).toBe(500);
});

test('draws a symmetric picture', () => {
  const cells = Array.from(
    drawIdenticon('alice').matchAll(/M(\d+) (\d+)h8v8/g),
    ([, x, y]) => `${x} ${y}`,
  );
  const mirrored = cells.map((cell) => cell.replace(/^\d+/, (x) => String(40 - Number(x))));
  expect(cells.length).toBeGreaterThan(0);
  expect(new Set(mirrored)).toEqual(new Set(cells));
});

test('does not write the username into the picture', () => {
  expect(drawIdenticon('"><script>')).not.toContain('script');
});

test('encodes any username in the URL of its picture', () => {
  const user = { username: 'a b/"<明', email: '' };
  expect(identiconUrl(user)).toBe('/avatars/a%20b%2F%22%3C%E6%98%8E');
});

test('hashes the trimmed email address in lower case for Gravatar', () => {
  const hash = createHash('sha256').update('alice@example.com').digest('hex');
  expect(gravatarUrl({ username: 'alice', email: ' Alice@Example.com ' })).toBe(
    `https://www.gravatar.com/avatar/${hash}?d=identicon&s=48`,
  );
});
