import { bar, line, svg, text } from './chart.ts';
import { titleOf } from './method.ts';
import { type DatabaseResults, mainSize, type Results, summarize } from './results.ts';

const WIDTH = 760;
const LEFT = 170;
const RIGHT = 90;
const ROW = 26;
const HEAD = 44;

/** Bars of what each page reaches of hello, with the targets marked. */
export function drawRatios({ databases }: Results): string {
  const all = databases.flatMap((database) => mainSize(database)?.pages.map(summarize) ?? []);
  const values = all.flatMap(({ ofHello, page }) => [ofHello, page.target?.ofHello ?? 0]);
  const scale = (WIDTH - LEFT - RIGHT) / Math.max(...values);
  const parts: string[] = [];
  let top = 0;
  for (const database of databases) {
    const { drawn, height } = drawDatabase(database, top, scale);
    parts.push(...drawn);
    top += height;
  }
  const title = 'Requests a second, as a share of what Express answers with hello; targets marked';
  return svg(WIDTH, top + 16, title, parts);
}

function drawDatabase(database: DatabaseResults, top: number, scale: number) {
  const main = mainSize(database);
  const pages = main?.pages.map(summarize) ?? [];
  const heading = `${titleOf(database)}, data set ${main?.size}: share of hello, of the target`;
  const drawn = [text(16, top + 28, heading, { kind: 'head' })];
  for (const [index, { page, ofHello }] of pages.entries()) {
    const y = top + HEAD + index * ROW;
    const end = LEFT + ofHello * scale;
    const target = page.target && LEFT + page.target.ofHello * scale;
    const aim = page.target ? ` of ${page.target.ofHello}` : '';
    const words = `${ofHello.toFixed(3)}${aim}`;
    drawn.push(
      text(LEFT - 10, y + 13, page.name, { anchor: 'end' }),
      bar(LEFT, y, Math.max(end - LEFT, 1), ROW - 8),
      // beside both, so that the mark does not strike it through
      text(Math.max(end, target ?? 0) + 6, y + 13, words),
    );
    if (target) drawn.push(line([target, y - 3], [target, y + ROW - 5], 'target'));
  }
  return { drawn, height: HEAD + pages.length * ROW };
}
