import {
  formatFactor,
  formatMs,
  formatRate,
  formatServer,
  formatTable,
  formatVerdict,
} from './format.ts';
import type { BesideHello } from './comparison.ts';
import {
  type DatabaseResults,
  findMainSize,
  median,
  type PageSummary,
  type SizeResults,
  summarize,
} from './results.ts';

/** Returns the section with the results of each page on the main data set. */
export function formatPages(database: DatabaseResults): string {
  const main = findMainSize(database);
  if (!main) return '';
  const rows = main.pages.map((measured) => {
    const summary = summarize(measured);
    return [
      summary.page.name,
      formatRate(summary.requestsPerS),
      formatMs(summary.p50Ms),
      formatMs(summary.p99Ms),
      summary.ofHello.toFixed(3),
      summary.nodeAloneOfHello?.toFixed(3) ?? '',
      summary.originalPerS === null ? '' : formatRate(summary.originalPerS),
      summary.timesOriginal === null ? '' : formatFactor(summary.timesOriginal),
      formatTarget(summary),
      main.size === 'M' ? formatPageVerdict(summary) : '',
    ];
  });
  const columns = `Page | Requests/s | p50 ms | p99 ms | Of hello | Node alone, of hello | Original/s |
    Times the original | Target | `;
  return `## The pages on ${formatServer(database)}, data set ${main.size}

${formatTable(columns, rows)}

${formatNoise(main)}
${formatColdStarts(main)}`;
}

function formatTarget({ page: { target } }: PageSummary): string {
  if (!target) return '';
  const { ofHello, timesOriginal } = target;
  return timesOriginal === null ? String(ofHello) : `${ofHello}, ${formatFactor(timesOriginal)}`;
}

function formatPageVerdict({ page: { target }, ...summary }: PageSummary): string {
  if (!target) return '';
  const { ofHello, timesOriginal } = summary;
  // Without a response of the original, there is no factor to compare.
  const isFarFromOriginal =
    target.timesOriginal === null ||
    !summary.hasOriginal ||
    (timesOriginal ?? 0) >= target.timesOriginal;
  return formatVerdict(ofHello >= target.ofHello && isFarFromOriginal);
}

/** Returns sentences on how much hello's rate varied. */
function formatNoise({ pages }: Pick<SizeResults, 'pages'>): string {
  const besides = pages.flatMap(({ rounds }) =>
    rounds.flatMap(({ ours, nodeAlone }) => (nodeAlone ? [ours, nodeAlone] : [ours])),
  );
  // The measurement between two others belongs to both.
  const hellos = new Set(besides.flatMap((beside) => beside.hellos));
  const rates = Array.from(hellos, ({ requestsPerS }) => requestsPerS);
  const percent = 100 * median(besides.map(relativeDifference));
  return `Express answered ${formatRate(Math.min(...rates))} to ${formatRate(Math.max(...rates))} requests for hello a second, with a
median of ${formatRate(median(rates))}. The two measurements of hello around one of another server differ by ${percent.toFixed(1)} % in
the median.`;
}

function relativeDifference({ hellos: [before, after] }: BesideHello): number {
  const [one, other] = [before.requestsPerS, after.requestsPerS];
  return Math.abs(one - other) / ((one + other) / 2);
}

/** Returns a sentence on the first warm-ups of pages that need several, or an empty text. */
function formatColdStarts({ pages }: Pick<SizeResults, 'pages'>): string {
  const rates = pages.flatMap(({ page, cold }) =>
    page.warmUps > 1 && cold ? [`${formatRate(cold.requestsPerS)} for “${page.name}”`] : [],
  );
  if (rates.length === 0) return '';
  return `Requests a second after a start of the server, with an empty cache: ${rates.join(', ')}.`;
}
