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
  const path = data.flatMap((row, y) =>
    row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')),
  );
  return { size, path: path.join('') };
}
