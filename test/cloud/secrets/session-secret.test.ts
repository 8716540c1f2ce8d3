import { expect, test } from 'vitest';
import { createSecret } from '../../../src/cloud/secrets/create-secret.ts';
import {
  formatAccepting,
  formatRotated,
  parseSessionSecrets,
} from '../../../src/cloud/secrets/session-secret.ts';

const DAY_MS = 24 * 3_600_000;
const NOW = new Date('2026-11-29T12:00:00Z');
const [A, B, C, NEW] = ['a', 'b', 'c', 'n'].map((letter) => letter.repeat(32)) as [
  string,
  string,
  string,
  string,
];
const daysAgo = (days: number) => ({ changedAt: new Date(+NOW - days * DAY_MS), now: NOW });

test('a created secret is valid, and different each time', () => {
  expect(parseSessionSecrets(createSecret())[0]).toMatch(/^[\w-]{48}$/);
  expect(createSecret()).not.toBe(createSecret());
});

test('parseSessionSecrets returns the secrets as the server reads them', () => {
  expect(parseSessionSecrets(A)).toEqual([A]);
  expect(parseSessionSecrets(`${A}, ${B},${C}`)).toEqual([A, B, C]);
});

test.each([
  ['', 'each secret must have 32 characters or more'],
  ['short-secret', 'each secret must have 32 characters or more'],
  [`${A},`, 'each secret must have 32 characters or more'],
  [`${A},,${B}`, 'each secret must have 32 characters or more'],
  [`${A},${A}`, 'two of its secrets are equal'],
  [`${A} ${B}`, 'it has spaces, or characters that are not ASCII'],
  [`${A}\n${B}`, 'it has spaces, or characters that are not ASCII'],
  [`é${A}`, 'it has spaces, or characters that are not ASCII'],
  [`{"password":"${A}"}`, 'it is JSON'],
])('parseSessionSecrets refuses %j without printing it', (value, problem) => {
  expect(() => parseSessionSecrets(value)).toThrow(
    `The session secret in Secrets Manager is invalid: ${problem}. Store one secret of 32 characters or more, or several that are separated by commas. Nothing was changed.`,
  );
});

test('during a rotation, the current secret signs, and the new one and all older ones are accepted', () => {
  expect(formatAccepting([A], NEW)).toBe(`${A},${NEW}`);
  expect(formatAccepting([A, B], NEW)).toBe(`${A},${NEW},${B}`);
  expect(formatAccepting([A, NEW, B], NEW)).toBeNull();
});

test('after a rotation, the new secret signs, and the previous one is accepted', () => {
  expect(formatRotated([A], NEW, daysAgo(400))).toBe(`${NEW},${A}`);
});

test('a secret is accepted until 30 days after another one signs, when its last cookie expires', () => {
  expect(formatRotated([A, B, C], NEW, daysAgo(29.9))).toBe(`${NEW},${A},${B},${C}`);
  expect(formatRotated([A, B, C], NEW, daysAgo(30))).toBe(`${NEW},${A}`);
  expect(formatRotated([A, B, C], NEW, { changedAt: null, now: NOW })).toBe(
    `${NEW},${A},${B},${C}`,
  );
});
