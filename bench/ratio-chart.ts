import { bar, line, svg, text } from './chart.ts';
import { formatServer } from './format.ts';
import { type DatabaseResults, findMainSize, type Results, summarize } from './results.ts';

const WIDTH = 760;
const LEFT = 210;
const RIGHT = 90;
const ROW = 26;
const HEAD = 44;

/** Draws each page's requests a second as a share of hello's, with a mark at each target. */
export function drawRatios({ databases }: Results): string {
  const all = databases.flatMap((database) => findMainSize(database)?.pages.map(summarize) ?? []);
  const values = all.flatMap(({ ofHello, page }) => [ofHello, page.target?.ofHello ?? 0]);
  const scale = (WIDTH - LEFT - RIGHT) / Math.max(...values);
  const parts: string[] = [];
  let top = 0;
  for (const database of databases) {
    const { drawn, height } = drawDatabase(database, top, scale);
    parts.push(...drawn);
    top += height;
  }
  const title = 'Requests a second as a share of Express’s hello, with targets';
  return svg(WIDTH, top + 16, title, parts);
}

function drawDatabase(database: DatabaseResults, top: number, scale: number) {
  const main = findMainSize(database);
  const pages = main?.pages.map(summarize) ?? [];
  const heading = `${formatServer(database)}, data set ${main?.size}: share of hello, and target`;
  const drawn = [text(16, top + 28, heading, { kind: 'head' })];
  for (const [index, { page, ofHello }] of pages.entries()) {
    const y = top + HEAD + index * ROW;
    const end = LEFT + ofHello * scale;
    const target = page.target && LEFT + page.target.ofHello * scale;
    const suffix = page.target ? ` of ${page.target.ofHello}` : '';
    const words = `${ofHello.toFixed(3)}${suffix}`;
    drawn.push(
      text(LEFT - 10, y + 13, page.name, { anchor: 'end' }),
      bar(LEFT, y, Math.max(end - LEFT, 1), ROW - 8),
      // The text begins after both the bar and the mark, so that the mark does not cross it.
      text(Math.max(end, target ?? 0) + 6, y + 13, words),
    );
    if (target) drawn.push(line([target, y - 3], [target, y + ROW - 5], 'target'));
  }
  return { drawn, height: HEAD + pages.length * ROW };
}
