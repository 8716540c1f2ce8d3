import { Secret, URI } from 'otpauth';
import { expect, test } from 'vitest';
import { createTotpSecret, findCodeStep, formatTotpUri } from '../../../src/web/factors/totp.ts';

// The secret of RFC 6238, appendix B.
const SECRET = Secret.fromUTF8('12345678901234567890').base32;

test.each([
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_234_567_890, '005924'],
  [20_000_000_000, '353130'],
])('accepts the code of RFC 6238 at %i s', (timeS, code) => {
  const step = Math.floor(timeS / 30);
  for (const driftS of [-30, 0, 30]) {
    expect(findCodeStep(SECRET, code, (timeS + driftS) * 1000)).toBe(step);
  }
  for (const driftS of [-60, 60]) {
    expect(findCodeStep(SECRET, code, (timeS + driftS) * 1000)).toBeNull();
  }
});

test.each(['', '28708', '2870820', '28708x', '-28708', '287 082'])('accepts no code %j', (code) => {
  expect(findCodeStep(SECRET, code, 59_000)).toBeNull();
});

test('the URI has the site, the user and the secret', () => {
  const username = 'Ægir: & <b>?#%2F 👍🏽';
  const uri = formatTotpUri(username, SECRET);
  expect(uri).toMatch(/^otpauth:\/\/totp\/MiniTwit:[\w%.-]+\?issuer=MiniTwit&secret=\w+&/);
  expect(URI.parse(uri)).toMatchObject({
    issuer: 'MiniTwit',
    label: username,
    algorithm: 'SHA1',
    digits: 6,
    period: 30,
  });
});

test('the URI has the first 32 code points of a longer name', () => {
  expect(URI.parse(formatTotpUri('👍'.repeat(64), SECRET)).label).toBe('👍'.repeat(32));
});

test('each secret is new, and has 160 bits', () => {
  const secrets = Array.from({ length: 100 }, createTotpSecret);
  expect(new Set(secrets).size).toBe(100);
  for (const secret of secrets) expect(Secret.fromBase32(secret).bytes).toHaveLength(20);
});
