/** The colours of the series, in order. All are readable on white and on black. */
const COLOURS = [
  '#2a78d6',
  '#1baf7a',
  '#c98500',
  '#8f5fd7',
  '#d6437a',
  '#5c7d0f',
  '#e06a1b',
  '#3b8f9e',
  '#7a7a7a',
  '#a8632d',
  '#4f6bb8',
  '#b0489c',
];

/** Returns an SVG in light and dark colours. Screen readers read `title`. */
export function svg(width: number, height: number, title: string, parts: string[]): string {
  const series = COLOURS.map((colour, index) => `.s${index} { --colour: ${colour}; }`).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img">
<title>${escape(title)}</title>
<style>
svg { --ink: #1f1f1f; --quiet: #6b6b6b; --rule: #dddddd; background: #ffffff; }
@media (prefers-color-scheme: dark) {
svg { --ink: #ececec; --quiet: #a3a3a3; --rule: #3a3a3a; background: #16181c; }
}
text { font: 12px system-ui, sans-serif; fill: var(--ink); }
.head { font-weight: 600; font-size: 14px; }
.quiet { fill: var(--quiet); }
.rule { stroke: var(--rule); }
.target { stroke: var(--ink); stroke-width: 2; }
.line { fill: none; stroke: var(--colour); stroke-width: 2; }
.lead { stroke: var(--colour); stroke-dasharray: 2 3; }
.dot, .bar { fill: var(--colour); }
${series}
</style>
${parts.join('\n')}
</svg>
`;
}

/** Returns an SVG text. `anchor` is SVG's `text-anchor`, and `kind` a class. */
export function text(
  x: number,
  y: number,
  words: string,
  { anchor = 'start', kind = '' }: { anchor?: 'start' | 'middle' | 'end'; kind?: string } = {},
): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" class="${kind}">${escape(words)}</text>`;
}

/** Returns a straight line with a class. */
export function line(from: [number, number], to: [number, number], kind: string): string {
  const [x1, y1, x2, y2] = [...from, ...to].map((each) => each.toFixed(1));
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" class="${kind}"/>`;
}

/** Returns a line through points, with a dot at each. */
export function path(points: [number, number][], series: number): string {
  const kind = `s${series % COLOURS.length}`;
  const all = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`);
  const dots = all.map((point) => {
    const [x, y] = point.split(',');
    return `<circle cx="${x}" cy="${y}" r="3.5" class="dot ${kind}"/>`;
  });
  return `<polyline points="${all.join(' ')}" class="line ${kind}"/>${dots.join('')}`;
}

/** Returns a dotted line from the last point of a series to its label. */
export function lead(from: [number, number], to: [number, number], series: number): string {
  return line(from, to, `lead s${series % COLOURS.length}`);
}

/** Returns a horizontal bar. */
export function bar(x: number, y: number, width: number, height: number): string {
  return `<rect x="${x}" y="${y}" width="${width.toFixed(1)}" height="${height}" rx="2" class="bar s0"/>`;
}

function escape(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
