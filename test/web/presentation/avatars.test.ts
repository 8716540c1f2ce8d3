import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { drawIdenticon, gravatarUrl, identiconUrl } from '../../../src/web/presentation/avatars.ts';

test('a name always has the same picture, and another name another one', () => {
  expect(drawIdenticon('alice')).toBe(drawIdenticon('alice'));
  const names = Array.from({ length: 500 }, (_, index) => `user${index}`);
  expect(new Set(names.map(drawIdenticon)).size).toBe(500);
});

test('a picture is the same on its left and on its right', () => {
  const cells = Array.from(
    drawIdenticon('alice').matchAll(/M(\d+) (\d+)h8v8/g),
    ([, x, y]) => `${x} ${y}`,
  );
  const mirrored = cells.map((cell) => cell.replace(/^\d+/, (x) => String(40 - Number(x))));
  expect(cells.length).toBeGreaterThan(0);
  expect(new Set(mirrored)).toEqual(new Set(cells));
});

test('a picture says nothing of the name', () => {
  expect(drawIdenticon('"><script>')).not.toContain('script');
});

test('the address of a picture is safe for any name', () => {
  const person = { username: 'a b/"<明', email: '' };
  expect(identiconUrl(person)).toBe('/avatars/a%20b%2F%22%3C%E6%98%8E');
});

test('Gravatar is asked by the hash of the address, however it is written', () => {
  const hash = createHash('sha256').update('alice@example.com').digest('hex');
  expect(gravatarUrl({ username: 'alice', email: ' Alice@Example.com ' })).toBe(
    `https://www.gravatar.com/avatar/${hash}?d=identicon&s=48`,
  );
});
