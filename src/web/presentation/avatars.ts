import { createHash } from 'node:crypto';
import { encodePath } from './encode-path.ts';

const CELLS = 5;
const CELL_PX = 8;
const MARGIN_PX = 4;
const SIZE_PX = CELLS * CELL_PX + 2 * MARGIN_PX;

/** Returns the URL of a user's picture. */
export type AvatarUrl = (user: { username: string; email: string }) => string;

/** Returns the URL of a picture that MiniTwit draws. It depends on the username only. */
export const identiconUrl: AvatarUrl = ({ username }) => `/avatars/${encodePath(username)}`;

/** Returns the URL of a picture at Gravatar, as in the original MiniTwit. */
export const gravatarUrl: AvatarUrl = ({ email }) => {
  const hash = createHash('sha256').update(email.trim().toLowerCase()).digest('hex');
  return `https://www.gravatar.com/avatar/${hash}?d=identicon&s=${SIZE_PX}`;
};

/**
 * Returns the picture of a username as SVG: five by five cells, symmetric, in a colour that depends on the
 * username. The same username always has the same picture.
 */
export function drawIdenticon(username: string): string {
  const digest = createHash('sha256').update(username).digest();
  const hue = Math.round((digest.readUInt16BE(30) / 65_536) * 360);
  let cells = '';
  for (let row = 0; row < CELLS; row++) {
    for (let column = 0; column < CELLS; column++) {
      const mirrored = Math.min(column, CELLS - 1 - column);
      if (digest.readUInt8(row * 3 + mirrored) % 2 === 0) continue;
      cells += `M${MARGIN_PX + column * CELL_PX} ${MARGIN_PX + row * CELL_PX}h${CELL_PX}v${CELL_PX}h-${CELL_PX}z`;
    }
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE_PX} ${SIZE_PX}" width="${SIZE_PX}" height="${SIZE_PX}">` +
    `<path fill="hsl(${hue} 45% 92%)" d="M0 0h${SIZE_PX}v${SIZE_PX}h-${SIZE_PX}z"/>` +
    `<path fill="hsl(${hue} 55% 38%)" d="${cells}"/></svg>`
  );
}
