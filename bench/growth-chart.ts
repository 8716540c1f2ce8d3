import { lead, line, path, svg, text } from './chart.ts';
import { formatServer } from './format.ts';
import { type DatabaseResults, type Results, summarize } from './results.ts';

const PANEL = { width: 560, height: 330, left: 56, right: 210, top: 44, bottom: 34 };
const LABEL_HEIGHT = 14;

/** Draws each page's median response time over the data sets, in a panel for each database, on a logarithmic scale. */
export function drawGrowth({ databases }: Results): string {
  // A page without a response has a median of 0, which has no logarithm.
  const all = databases
    .flatMap(({ sizes }) => sizes.flatMap(({ pages }) => pages))
    .map((page) => summarize(page).p50Ms)
    .filter((ms) => ms > 0);
  const low = Math.floor(Math.log10(Math.min(...all)));
  const high = Math.max(Math.ceil(Math.log10(Math.max(...all))), low + 1);
  const parts = databases.flatMap((database, index) =>
    drawPanel(database, index * PANEL.width, { low, high }),
  );
  const title = 'Median response time of each page in milliseconds, by data set';
  return svg(PANEL.width * databases.length, PANEL.height, title, parts);
}

function drawPanel(
  database: DatabaseResults,
  left: number,
  decades: { low: number; high: number },
) {
  const { low, high } = decades;
  const [start, end] = [left + PANEL.left, left + PANEL.width - PANEL.right];
  const bottom = PANEL.height - PANEL.bottom;
  const yOf = (ms: number) =>
    bottom - ((Math.log10(Math.max(ms, 10 ** low)) - low) / (high - low)) * (bottom - PANEL.top);
  const sizes = database.sizes.map(({ size }) => size);
  const xOf = (index: number) => start + ((index + 0.5) * (end - start)) / sizes.length;
  const parts = [text(left + 16, 26, `${formatServer(database)}: p50, ms`, { kind: 'head' })];
  for (let decade = low; decade <= high; decade++) {
    const y = yOf(10 ** decade);
    parts.push(line([start, y], [end, y], 'rule'));
    parts.push(text(start - 8, y + 4, String(10 ** decade), { anchor: 'end', kind: 'quiet' }));
  }
  for (const [index, size] of sizes.entries()) {
    parts.push(text(xOf(index), bottom + 20, size, { anchor: 'middle' }));
  }
  const lines = listLines(database);
  const labels = separateLabels(
    lines.map(({ p50sMs }) => yOf(p50sMs.at(-1) ?? 1)),
    PANEL.height - 8,
  );
  for (const [series, { name, p50sMs }] of lines.entries()) {
    const points = p50sMs.map((ms, index): [number, number] => [xOf(index), yOf(ms)]);
    parts.push(path(points, series));
    const [x, y] = points.at(-1) ?? [0, 0];
    const labelY = labels[series] ?? y;
    parts.push(lead([x, y], [end + 2, labelY], series), text(end + 6, labelY + 4, name));
  }
  return parts;
}

function listLines({ sizes }: DatabaseResults): { name: string; p50sMs: number[] }[] {
  return (sizes[0]?.pages ?? []).map(({ page: { name } }, index) => ({
    name,
    p50sMs: sizes.flatMap(({ pages }) => pages[index] ?? []).map((each) => summarize(each).p50Ms),
  }));
}

/** Returns the positions of labels, moved so that none overlaps another or is below the bottom. */
function separateLabels(ys: number[], bottom: number): number[] {
  const order = ys.map((y, index) => ({ y, index })).toSorted((a, b) => a.y - b.y);
  const moved = [...ys];
  let next = -Infinity;
  for (const { y, index } of order) {
    next = Math.max(y, next + LABEL_HEIGHT);
    moved[index] = next;
  }
  let limit = bottom;
  for (const { index } of order.toReversed()) {
    limit = Math.min(limit, moved[index] ?? limit);
    moved[index] = limit;
    limit -= LABEL_HEIGHT;
  }
  return moved;
}
