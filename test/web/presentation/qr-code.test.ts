import jsQr from 'jsqr';
import { expect, test } from 'vitest';
import { formatTotpUri } from '../../../src/web/factors/totp.ts';
import { createQrCode, type QrCode } from '../../../src/web/presentation/qr-code.ts';

const PIXELS_PER_MODULE = 4;

/** Draws the path on white as pixels, and reads them as a scanner does. */
function decode({ size, path }: QrCode): string | undefined {
  const width = size * PIXELS_PER_MODULE;
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
  for (const [, x, y, length] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) {
    for (let line = 0; line < PIXELS_PER_MODULE; line++) {
      const row = Number(y) * PIXELS_PER_MODULE + line;
      const start = row * width + Number(x) * PIXELS_PER_MODULE;
      for (let pixel = start; pixel < start + Number(length) * PIXELS_PER_MODULE; pixel++) {
        pixels.set([0, 0, 0, 255], 4 * pixel);
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
  for (const [, x = '', y = '', length = ''] of path.matchAll(/M(\d+) (\d+)h(\d+)/g)) {
    for (const position of [Number(x), Number(x) + Number(length) - 1, Number(y)]) {
      expect(position).toBeGreaterThanOrEqual(4);
      expect(position).toBeLessThan(size - 4);
    }
  }
});
