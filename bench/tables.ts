import { formatInteger, formatServer } from './method.ts';
import type { PageResult } from './measure.ts';
import {
  type DatabaseResults,
  findMainSize,
  type SizeResults,
  summarize,
  type PageSummary,
} from './results.ts';
import type { LoginLoadResult } from './login-load.ts';

const GROWTH_MAX = 1.5;
const P99_GROWTH_MAX = 5;
const MEMORY_MAX_MB = 160;
// The heap's size varies by some percent.
const MEMORY_GROWTH_MAX = 1.1;
// The profile shows only sources that need at least this on one of the pages.
const PROFILE_MIN_US = 2;
const MISSED = '**missed**';

/** Returns the section with the results of each page on the main data set. */
export function formatPages(database: DatabaseResults): string {
  const main = findMainSize(database);
  const rows = (main?.pages ?? []).map((measured) => {
    const summary = summarize(measured);
    const { target } = summary.page;
    return [
      summary.page.name,
      formatRate(summary.requestsPerS),
      formatMs(summary.p50Ms),
      formatMs(summary.p99Ms),
      summary.ofHello.toFixed(3),
      summary.originalPerS === null ? '–' : formatRate(summary.originalPerS),
      summary.timesOriginal === null ? '–' : formatFactor(summary.timesOriginal),
      target
        ? `${target.ofHello}${target.timesOriginal ? `, ${formatFactor(target.timesOriginal)}` : ''}`
        : '',
      main?.size === 'M' ? formatVerdict(summary) : '',
    ];
  });
  const columns =
    'Page | Requests/s | p50 ms | p99 ms | Of hello | Original/s | Times the original | Target | ';
  const hello = (main?.pages ?? []).flatMap(({ rounds }) => rounds.map((round) => round.hello));
  const helloRates = hello.map(({ requestsPerS }) => requestsPerS);
  return `## The pages on ${formatServer(database)}, data set ${main?.size}

${formatTable(columns, rows)}

Express answered ${formatRate(Math.min(...helloRates))} to ${formatRate(Math.max(...helloRates))} requests for hello a second during these rounds.
${(main?.pages ?? []).flatMap(formatColdStart).join('\n')}`;
}

/** Returns a sentence on the first warm-up of a page that needs several. */
function formatColdStart({ page, cold }: PageResult): string[] {
  if (page.warmUps === 1 || !cold) return [];
  return [
    `${page.name} after a start of the server, with an empty cache: ${formatRate(cold.requestsPerS)} requests a second.`,
  ];
}

function formatVerdict({ page: { target }, ofHello, timesOriginal }: PageSummary): string {
  if (!target) return '';
  const isMet =
    ofHello >= target.ofHello &&
    // Without a response of the original, there is no factor to compare.
    (target.timesOriginal === null || (timesOriginal ?? 0) >= target.timesOriginal);
  return isMet ? 'met' : MISSED;
}

/** Returns the section on each page's response time and rate by data set. */
export function formatGrowth(database: DatabaseResults): string {
  const { sizes } = database;
  const [first, last] = [sizes[0], sizes.at(-1)];
  if (!first || !last || first === last)
    return `${formatServer(database)}: only one data set was measured.`;
  const names = sizes.map(({ size }) => size);
  const rows = first.pages.map(({ page }) => {
    const each = sizes.map((size) => summaryOf(size, page.name));
    const growth = (each.at(-1)?.p50Ms ?? Number.NaN) / (each[0]?.p50Ms ?? Number.NaN);
    return [
      page.name,
      ...each.map((summary) => (summary ? formatMs(summary.p50Ms) : '–')),
      ...each.map((summary) => (summary ? formatRate(summary.requestsPerS) : '–')),
      formatFactor(growth),
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
  const missing = names.includes('L')
    ? ''
    : '\n\nL was not measured. `npm run bench -- --large` measures it.';
  return `### ${formatServer(database)}\n\n${formatTable(columns, rows)}${missing}`;
}

function summaryOf({ pages }: SizeResults, name: string): PageSummary | null {
  const measured = pages.find(({ page }) => page.name === name);
  return measured ? summarize(measured) : null;
}

/** Returns the section on the public timeline during continuous logins. */
export function formatLoginLoads(database: DatabaseResults): string {
  const main = findMainSize(database);
  const rows = (main?.loginLoads ?? []).map(
    ({ readers, withoutLogins, withLogins, logins }: LoginLoadResult) => [
      formatInteger(readers),
      `${formatRate(withoutLogins.requestsPerS)}, then ${formatRate(withLogins.requestsPerS)}`,
      formatMs(withoutLogins.p99Ms),
      formatMs(withLogins.p99Ms),
      formatFactor(withLogins.p99Ms / withoutLogins.p99Ms),
      withLogins.p99Ms < P99_GROWTH_MAX * withoutLogins.p99Ms ? 'met' : MISSED,
      formatRate(logins.requestsPerS),
    ],
  );
  const columns = `Readers of the public timeline | Requests/s | p99 ms without logins |
    p99 ms with logins on 16 connections | Growth | Under ${P99_GROWTH_MAX} x | Logins/s`;
  return `### ${formatServer(database)}, data set ${main?.size}\n\n${formatTable(columns, rows)}`;
}

/** Returns the section on the process's memory under full load. */
export function formatMemory(database: DatabaseResults): string {
  const memory = findMainSize(database)?.memory;
  if (!memory) return `${formatServer(database)}: not measured.`;
  const { minutes, parts } = memory;
  const rows = minutes.map(({ requestsPerS, memoryMb }, minute) => [
    minute === 0 ? 'start' : String(minute),
    minute === 0 ? '' : formatRate(requestsPerS),
    memoryMb.toFixed(0),
  ]);
  const at = (minute: number) => minutes[minute]?.memoryMb ?? Number.NaN;
  const [middle, last] = [at(Math.floor((minutes.length - 1) / 2)), at(minutes.length - 1)];
  const isSmall = Math.max(...minutes.map(({ memoryMb }) => memoryMb)) < MEMORY_MAX_MB;
  const isSteady = last <= middle * MEMORY_GROWTH_MAX;
  return `### ${formatServer(database)}

Resident set size (RSS) of the process, with 64 connections that send a mix of all requests.

${formatTable('Minute | Requests/s | MB', rows)}

Under ${MEMORY_MAX_MB} MB: ${isSmall ? 'met' : MISSED}. Not growing: ${isSteady ? 'met' : MISSED}
(${formatFactor(last / middle)} in the second half).

${formatTable(
  'At the end | MB',
  parts.map(({ name, mb }) => [name, mb.toFixed(0)]),
)}`;
}

/** Returns the section on the processor time of each page that has a target. */
export function formatProfiles(database: DatabaseResults): string {
  const profiles = findMainSize(database)?.profiles ?? [];
  const sum = (name: string) =>
    profiles.map(({ parts }) => parts.find((part) => part.name === name)?.us ?? 0);
  const names = new Set(profiles.flatMap(({ parts }) => parts.map(({ name }) => name)));
  const rows = Array.from(names, (name) => ({ name, each: sum(name) }))
    .filter(({ each }) => Math.max(...each) >= PROFILE_MIN_US)
    .toSorted((a, b) => Math.max(...b.each) - Math.max(...a.each));
  const columns = ['µs a request', ...profiles.map(({ page }) => page)].join(' | ');
  const cells = rows.map(({ name, each }) => [name, ...each.map((us) => us.toFixed(1))]);
  return `### ${formatServer(database)}

${formatTable(columns, cells)}

Sources with less than ${PROFILE_MIN_US} µs on every page are omitted.`;
}

/**
 * Returns the section with the queries of each page, and each query once with the plan for the first page that runs it.
 */
export function formatQueries(database: DatabaseResults): string {
  const main = findMainSize(database);
  const pages = main?.queries ?? [];
  const plans = new Map<string, string>(
    pages
      .flatMap(({ queries }) => queries.map(({ sql, plan }) => [sql, plan] as const))
      .toReversed(),
  );
  const known = Array.from(plans.keys()).toReversed();
  const rows = pages.map(({ page, queries, warmQueryCount }) => [
    page,
    queries.map(({ sql }) => known.indexOf(sql) + 1).join(', '),
    String(warmQueryCount),
  ]);
  const explained = known.map(
    (sql, index) =>
      `Query ${index + 1}\n\n\`\`\`sql\n${sql}\n\`\`\`\n\n\`\`\`text\n${plans.get(sql) ?? ''}\n\`\`\``,
  );
  return `### ${formatServer(database)}, data set ${main?.size}

${formatTable('Page | Queries | Number with full caches', rows)}

${explained.join('\n\n')}`;
}

/** Returns a Markdown table. The names of the columns are separated by bars. */
export function formatTable(names: string, rows: string[][]): string {
  const columns = names.split('|').map((name) => name.trim());
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const rule = columns.map((_, at) => (at === 0 ? '---' : '---:'));
  return [line(columns), line(rule), ...rows.map(line)].join('\n');
}

function formatRate(perS: number): string {
  return perS < 10 ? perS.toFixed(1) : formatInteger(Math.round(perS));
}

function formatMs(duration: number): string {
  return duration < 10 ? duration.toFixed(1) : formatInteger(Math.round(duration));
}

function formatFactor(factor: number): string {
  return `${factor < 10 ? factor.toFixed(2) : formatInteger(Math.round(factor))} x`;
}
