import { afterEach, expect, test, vi } from 'vitest';
import { createExpiringSealer, createSealer } from '../../../src/web/factors/sealer.ts';

const OLD = 'the old secret with 32 characters or more';
const NEW = 'the new secret with 32 characters or more';
const sealer = createSealer([OLD], 'a purpose');

afterEach(() => {
  vi.useRealTimers();
});

test('opens a sealed text with the same context only', () => {
  for (const text of ['', 'a secret', 'Ægir 👍🏽\n\0']) {
    const sealed = sealer.seal(text, '7');
    expect(sealed).toMatch(/^[\w-]{8}\.[\w-]+$/);
    expect(sealer.open(sealed, '7')).toBe(text);
    expect(sealer.open(sealed, '77')).toBeNull();
    expect(sealer.open(sealed, '')).toBeNull();
  }
});

test('seals the same text differently each time', () => {
  expect(sealer.seal('a secret', '7')).not.toBe(sealer.seal('a secret', '7'));
});

test('opens no changed text', () => {
  const sealed = sealer.seal('a secret', '7');
  for (let index = 0; index < sealed.length - 1; index++) {
    const other = sealed[index] === 'A' ? 'B' : 'A';
    const changed = sealed.slice(0, index) + other + sealed.slice(index + 1);
    expect(sealer.open(changed, '7'), changed).toBeNull();
  }
  const [id = ''] = sealed.split('.');
  for (const forged of [
    '',
    '.',
    id,
    `${id}.`,
    `${id}.AAAA`,
    `${sealed}AAAA`,
    `${sealed}\n`,
    sealed.slice(0, 30),
  ]) {
    expect(sealer.open(forged, '7'), forged).toBeNull();
  }
});

test('opens no text of another purpose', () => {
  const other = createSealer([OLD], 'another purpose');
  expect(other.open(sealer.seal('a secret', '7'), '7')).toBeNull();
});

test('seals with the first secret, and opens with all of them', () => {
  const sealed = sealer.seal('a secret', '7');
  const rotated = createSealer([NEW, OLD], 'a purpose');
  expect(sealed.startsWith(sealer.prefix)).toBe(true);
  expect(sealed.startsWith(rotated.prefix)).toBe(false);
  expect(rotated.open(sealed, '7')).toBe('a secret');
  const sealedAgain = rotated.seal('a secret', '7');
  expect(sealedAgain.startsWith(rotated.prefix)).toBe(true);
  expect(sealer.open(sealedAgain, '7')).toBeNull();
  expect(createSealer([OLD, NEW], 'a purpose').open(sealedAgain, '7')).toBe('a secret');
  expect(createSealer([NEW], 'a purpose').open(sealed, '7')).toBeNull();
});

test('opens an expiring text until its lifetime is over', () => {
  const expiring = createExpiringSealer([OLD], 'a purpose', 60);
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
  const sealed = expiring.seal('a\nsecret', '7');
  expect(expiring.open(sealed, '7')).toBe('a\nsecret');
  expect(expiring.open(sealed, '8')).toBeNull();
  vi.setSystemTime(1_800_000_059_999);
  expect(expiring.open(sealed, '7')).toBe('a\nsecret');
  vi.setSystemTime(1_800_000_060_000);
  expect(expiring.open(sealed, '7')).toBeNull();
});
