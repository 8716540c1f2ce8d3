import { expect, test } from 'vitest';
import { parseHostKeys } from '../../../src/warehouse/ssh/host-keys.ts';

const ED25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOfOoy36C+9cUWFQfnud7ate2wWFuwx4fJWI+5IzuZR9';
const ECDSA = 'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY=';
const ED25519_LINE = `minitwit-host-key ${ED25519} SHA256:OQ7aBapGfS/GQbPm0gYnGL540a3XTEvm3nPrvNX5pOc`;
const ECDSA_LINE = `minitwit-host-key ${ECDSA} SHA256:hbXWYdBrsOyu43/M0JizUP5K25IjKV8Zs5EZtJ9O6XI`;

test('parseHostKeys returns each key that the instance has printed', () => {
  const console = `Booting\r\n${ECDSA_LINE}\r\n[   12.4] ${ED25519_LINE}\r\n${ECDSA_LINE}\r\nlogin: `;
  expect(parseHostKeys(console)).toEqual([ECDSA, ED25519]);
});

test("parseHostKeys skips lines that the kernel's output has interrupted", () => {
  const between = (at: number, text: string) =>
    `${ED25519_LINE.slice(0, at)}${text}${ED25519_LINE.slice(at)}\n`;
  const end = ED25519_LINE.length;
  for (let at = 1; at < end; at += 1) {
    const interrupted = between(at, '[   12.4] random: crng init done\n');
    expect(parseHostKeys(interrupted), interrupted).toEqual([]);
    expect(parseHostKeys(ED25519_LINE.slice(0, at))).toEqual([]);
    expect(parseHostKeys(interrupted + ED25519_LINE)).toEqual([ED25519]);
  }
  // Output of characters that keys also contain does not become a part of the key.
  expect(parseHostKeys(between(60, 'done'))).toEqual([]);
});

test('parseHostKeys returns [] for keys that another program has printed', () => {
  const block = `-----BEGIN SSH HOST KEY KEYS-----\n${ED25519}\n-----END SSH HOST KEY KEYS-----\n`;
  expect(parseHostKeys(block)).toEqual([]);
  expect(parseHostKeys(`ci-info: | ${ED25519} |`)).toEqual([]);
});
