import { expect, test } from 'vitest';
import { parseHostKeys } from '../../../src/warehouse/ssh/host-keys.ts';

const ED25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOfOoy36C+9cUWFQfnud7ate2wWFuwx4fJWI+5IzuZR9';
const ECDSA = 'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY=';
const block = (...lines: string[]) =>
  ['-----BEGIN SSH HOST KEY KEYS-----', ...lines, '-----END SSH HOST KEY KEYS-----', ''].join(
    '\r\n',
  );

test("parseHostKeys reads cloud-init's block on the console", () => {
  const console = `Booting\r\n${block(`${ECDSA} root@ip-10-0-0-1`, ED25519)}login: `;
  expect(parseHostKeys(console)).toEqual([ECDSA, ED25519]);
});

test('parseHostKeys skips output of the kernel between the keys', () => {
  const time = '[   12.345678] cloud-init[1234]: ';
  const console = `${time}-----BEGIN SSH HOST KEY KEYS-----\n${time}${ED25519} root@ip-10-0-0-1\n[   12.4] random: crng init done\n${time}-----END SSH HOST KEY KEYS-----\n`;
  expect(parseHostKeys(console)).toEqual([ED25519]);
});

test('parseHostKeys returns [] for an incomplete or missing block', () => {
  expect(parseHostKeys('')).toEqual([]);
  expect(parseHostKeys(`-----BEGIN SSH HOST KEY KEYS-----\r\n${ED25519}\r\n`)).toEqual([]);
  expect(parseHostKeys(`ci-info: | ${ED25519} |`)).toEqual([]);
});

test('parseHostKeys returns the keys of the last block', () => {
  expect(parseHostKeys(block(ECDSA) + block(ED25519))).toEqual([ED25519]);
});
