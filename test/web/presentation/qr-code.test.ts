import jsQr from 'jsqr';
import { expect, test } from 'vitest';
import { formatTotpUri } from '../../../src/web/factors/totp.ts';
import { createQrCode, type QrCode } from '../../../src/web/presentation/qr-code.ts';

const PIXELS_PER_MODULE = 4;

/** Draws the path on white as pixels, and reads them as a scanner does. */
function decode({ size, path }: QrCode): string | undefined {
  const width = size * PIXELS_PER_MODULE;
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let dx = 0; dx < PIXELS_PER_MODULE; dx++) {
      for (let dy = 0; dy < PIXELS_PER_MODULE; dy++) {
        const row = Number(y) * PIXELS_PER_MODULE + dy;
        const start = (row * width + Number(x) * PIXELS_PER_MODULE + dx) * 4;
        pixels.set([0, 0, 0, 255], start);
      }
    }
  }
  return jsQr.default(pixels, width, width)?.data;
}

test.each(['alice', 'W'.repeat(64), '👍🏽'.repeat(32), '字'.repeat(64)])(
  'a scanner reads the QR code of the user %s',
  (username) => {
    const uri = formatTotpUri(username, 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP');
    expect(decode(createQrCode(uri))).toBe(uri);
  },
);

test('the QR code has a quiet zone of four modules', () => {
  const { size, path } = createQrCode('a text');
  expect(size).toBe(21 + 8);
  const positions = Array.from(path.matchAll(/M(\d+) (\d+)/g)).flatMap(([, x, y]) => [
    Number(x),
    Number(y),
  ]);
  expect(Math.min(...positions)).toBe(4);
  expect(Math.max(...positions)).toBe(size - 5);
});
