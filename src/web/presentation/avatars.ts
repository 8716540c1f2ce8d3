import { createHash } from 'node:crypto';

const CELLS = 5;
const CELL_PX = 8;
const MARGIN_PX = 4;
const SIZE_PX = CELLS * CELL_PX + 2 * MARGIN_PX;

/** Gives the address of a person's picture. */
export type AvatarUrl = (person: { username: string; email: string }) => string;

/** The addresses of our own pictures, which depend on the name alone. */
export const identiconUrl: AvatarUrl = ({ username }) => `/avatars/${encodeURIComponent(username)}`;

/** The addresses of Gravatar's pictures, as MiniTwit had them. */
export const gravatarUrl: AvatarUrl = ({ email }) => {
  const hash = createHash('sha256').update(email.trim().toLowerCase()).digest('hex');
  return `https://www.gravatar.com/avatar/${hash}?d=identicon&s=${SIZE_PX}`;
};

/**
 * Draws a person's picture: five by five cells, the left half mirrored, in a colour of their own, as
 * SVG. The same name always gives the same picture.
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
