import { encode } from 'uqr';

/** A QR code as a drawing. */
export interface QrCode {
  /** The width and the height in modules, with the quiet zone around the code. */
  size: number;
  /** The dark modules as the path of an SVG. */
  path: string;
}

// ISO 18004 demands this quiet zone.
const BORDER = 4;

/** Returns the QR code of a text. */
export function createQrCode(text: string): QrCode {
  const { data, size } = encode(text, { border: BORDER });
  const rows = data.map((row) => row.map((isDark) => (isDark ? '#' : ' ')).join(''));
  const path = rows.flatMap((row, y) =>
    Array.from(
      row.matchAll(/#+/g),
      ({ index, 0: { length } }) => `M${index} ${y}h${length}v1h-${length}z`,
    ),
  );
  return { size, path: path.join('') };
}
