import { count, titleOf } from './method.ts';
import type { Measured } from './measure.ts';
import {
  type DatabaseResults,
  mainSize,
  type SizeResults,
  summarize,
  type Summary,
} from './results.ts';
import type { Storm } from './storm.ts';

const GROWTH_MAX = 1.5;
const STORM_MAX = 5;
const MEMORY_MAX_MB = 160;
// a heap breathes: less than this is no growth
const MEMORY_GROWTH_MAX = 1.1;
// of a page, what is worth a line of a profile
const SHOWN_US = 2;
const MISSED = '**missed**';

/** The pages of the data set that has targets. */
export function describePages(database: DatabaseResults): string {
  const main = mainSize(database);
  const rows = (main?.pages ?? []).map((measured) => {
    const summary = summarize(measured);
    const { target } = summary.page;
    return [
      summary.page.name,
      rate(summary.requestsPerS),
      ms(summary.p50Ms),
      ms(summary.p99Ms),
      summary.ofHello.toFixed(3),
      summary.originalPerS === null ? '–' : rate(summary.originalPerS),
      summary.timesOriginal === null ? '–' : times(summary.timesOriginal),
      target
        ? `${target.ofHello}${target.timesOriginal ? `, ${times(target.timesOriginal)}` : ''}`
        : '',
      main?.size === 'M' ? verdict(summary) : '',
    ];
  });
  const columns =
    'Page | Requests/s | p50 ms | p99 ms | Of hello | Original/s | Times the original | Target | ';
  const hello = (main?.pages ?? []).flatMap(({ rounds }) => rounds.map((round) => round.hello));
  const between = hello.map(({ requestsPerS }) => requestsPerS);
  return `## The pages on ${titleOf(database)}, data set ${main?.size}

${table(columns, rows)}

Express answered hello ${rate(Math.min(...between))} to ${rate(Math.max(...between))} times a second meanwhile.
${(main?.pages ?? []).flatMap(describeCold).join('\n')}`;
}

/** A page that needs a long warm-up, before it has one. */
function describeCold({ page, cold }: Measured): string[] {
  if (page.warmUps === 1 || !cold) return [];
  return [
    `${page.name}, when the server has just started and most are made for the first time: ${rate(cold.requestsPerS)} requests a second.`,
  ];
}

function verdict({ page: { target }, ofHello, timesOriginal }: Summary): string {
  if (!target) return '';
  const isMet =
    ofHello >= target.ofHello &&
    // an original that did not even answer once tells nothing
    (target.timesOriginal === null || (timesOriginal ?? 0) >= target.timesOriginal);
  return isMet ? 'met' : MISSED;
}

/** How the pages grow with the data. */
export function describeGrowth(database: DatabaseResults): string {
  const { sizes } = database;
  const [first, last] = [sizes[0], sizes.at(-1)];
  if (!first || !last || first === last) return `${titleOf(database)}: one data set, no growth.`;
  const names = sizes.map(({ size }) => size);
  const rows = first.pages.map(({ page }) => {
    const each = sizes.map((size) => summaryOf(size, page.name));
    const growth = (each.at(-1)?.p50Ms ?? Number.NaN) / (each[0]?.p50Ms ?? Number.NaN);
    return [
      page.name,
      ...each.map((summary) => (summary ? ms(summary.p50Ms) : '–')),
      ...each.map((summary) => (summary ? rate(summary.requestsPerS) : '–')),
      times(growth),
      growth < GROWTH_MAX ? 'met' : MISSED,
    ];
  });
  const columns = [
    'Page',
    ...names.map((name) => `${name}, p50 ms`),
    ...names.map((name) => `${name}, requests/s`),
    `p50, ${first.size} to ${last.size}`,
    `Under ${GROWTH_MAX} x`,
  ].join(' | ');
  const missing = names.includes('L') ? '' : '\n\nL was not measured: `npm run bench -- --large`.';
  return `### ${titleOf(database)}\n\n${table(columns, rows)}${missing}`;
}

function summaryOf({ pages }: SizeResults, name: string): Summary | null {
  const measured = pages.find(({ page }) => page.name === name);
  return measured ? summarize(measured) : null;
}

/** What a storm of logins does to a page. */
export function describeStorms(database: DatabaseResults): string {
  const main = mainSize(database);
  const rows = (main?.storms ?? []).map(({ readers, calm, stormy, logins }: Storm) => [
    count(readers),
    `${rate(calm.requestsPerS)}, then ${rate(stormy.requestsPerS)}`,
    ms(calm.p99Ms),
    ms(stormy.p99Ms),
    times(stormy.p99Ms / calm.p99Ms),
    stormy.p99Ms < STORM_MAX * calm.p99Ms ? 'met' : MISSED,
    rate(logins.requestsPerS),
  ]);
  const columns = `Readers of the public timeline | Requests/s | p99 ms without |
    p99 ms with 16 who log in | Grown | Under ${STORM_MAX} x | Logins/s`;
  return `### ${titleOf(database)}, data set ${main?.size}\n\n${table(columns, rows)}`;
}

/** The memory of the process under full load. */
export function describeMemory(database: DatabaseResults): string {
  const memory = mainSize(database)?.memory;
  if (!memory) return `${titleOf(database)}: not measured.`;
  const { minutes, parts } = memory;
  const rows = minutes.map(({ requestsPerS, memoryMb }, minute) => [
    minute === 0 ? 'just started' : String(minute),
    minute === 0 ? '' : rate(requestsPerS),
    memoryMb.toFixed(0),
  ]);
  const at = (minute: number) => minutes[minute]?.memoryMb ?? Number.NaN;
  const [middle, last] = [at(Math.floor((minutes.length - 1) / 2)), at(minutes.length - 1)];
  const isSmall = Math.max(...minutes.map(({ memoryMb }) => memoryMb)) < MEMORY_MAX_MB;
  const isSteady = last <= middle * MEMORY_GROWTH_MAX;
  return `### ${titleOf(database)}

64 connections that ask for everything, mixed as people do; the whole process (RSS).

${table('Minute | Requests/s | MB', rows)}

Under ${MEMORY_MAX_MB} MB: ${isSmall ? 'met' : MISSED}. Not growing: ${isSteady ? 'met' : MISSED}
(${times(last / middle)} in the second half).

${table(
  'At the end | MB',
  parts.map(({ name, mb }) => [name, mb.toFixed(0)]),
)}`;
}

/** What the server does for one request of the pages that have targets. */
export function describeProfiles(database: DatabaseResults): string {
  const profiles = mainSize(database)?.profiles ?? [];
  const sum = (name: string) =>
    profiles.map(({ parts }) => parts.find((part) => part.name === name)?.us ?? 0);
  const names = new Set(profiles.flatMap(({ parts }) => parts.map(({ name }) => name)));
  const rows = Array.from(names, (name) => ({ name, each: sum(name) }))
    .filter(({ each }) => Math.max(...each) >= SHOWN_US)
    .toSorted((a, b) => Math.max(...b.each) - Math.max(...a.each));
  const columns = ['µs a request', ...profiles.map(({ page }) => page)].join(' | ');
  const cells = rows.map(({ name, each }) => [name, ...each.map((us) => us.toFixed(1))]);
  return `### ${titleOf(database)}

${table(columns, cells)}

What takes less than ${SHOWN_US} µs of every page is left out.`;
}

/** The queries of each page, then each query once with the server's plan for the first page that makes it. */
export function describeQueries(database: DatabaseResults): string {
  const main = mainSize(database);
  const pages = main?.queries ?? [];
  const plans = new Map<string, string>(
    pages
      .flatMap(({ queries }) => queries.map(({ sql, plan }) => [sql, plan] as const))
      .toReversed(),
  );
  const known = Array.from(plans.keys()).toReversed();
  const rows = pages.map(({ page, queries, again }) => [
    page,
    queries.map(({ sql }) => known.indexOf(sql) + 1).join(', '),
    String(again),
  ]);
  const explained = known.map(
    (sql, index) =>
      `Query ${index + 1}\n\n\`\`\`sql\n${sql}\n\`\`\`\n\n\`\`\`text\n${plans.get(sql) ?? ''}\n\`\`\``,
  );
  return `### ${titleOf(database)}, data set ${main?.size}

${table('Page | Queries | How many when asked again', rows)}

${explained.join('\n\n')}`;
}

/** A table of Markdown's; the columns' names are separated by bars. */
function table(names: string, rows: string[][]): string {
  const columns = names.split('|').map((name) => name.trim());
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const rule = columns.map((_, at) => (at === 0 ? '---' : '---:'));
  return [line(columns), line(rule), ...rows.map(line)].join('\n');
}

function rate(perS: number): string {
  return perS < 10 ? perS.toFixed(1) : count(Math.round(perS));
}

function ms(duration: number): string {
  return duration < 10 ? duration.toFixed(1) : count(Math.round(duration));
}

function times(factor: number): string {
  return `${factor < 10 ? factor.toFixed(2) : count(Math.round(factor))} x`;
}
