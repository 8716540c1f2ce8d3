import {
  formatFactor,
  formatMs,
  formatRate,
  formatServer,
  formatTable,
  formatVerdict,
} from './format.ts';
import { LOGIN_CONNECTIONS } from './bench-page.ts';
import { IDLE, type PageProfile } from './profile.ts';
import { type DatabaseResults, findMainSize } from './results.ts';
import { SOAK_CONNECTIONS } from './soak.ts';

const P99_GROWTH_MAX = 3;
const MEMORY_MAX_MB = 160;
// The heap's size varies by some percent.
const MEMORY_GROWTH_MAX = 1.1;
// The list of a page has only sources that need at least this share of its time.
const PROFILE_MIN_SHARE = 0.02;

/** Returns the section on the public timeline during continuous logins. */
export function formatLoginLoads(database: DatabaseResults): string {
  const main = findMainSize(database);
  const loads = main?.loginLoads ?? [];
  if (loads.length === 0) return `${formatServer(database)}: not measured.`;
  const rows = loads.map(({ readers, isCompressed, withoutLogins, withLogins, logins }) => [
    `${readers}${isCompressed ? '' : ', not compressed'}`,
    `${formatRate(withoutLogins.requestsPerS)}, then ${formatRate(withLogins.requestsPerS)}`,
    formatMs(withoutLogins.p99Ms),
    formatMs(withLogins.p99Ms),
    formatFactor(withLogins.p99Ms / withoutLogins.p99Ms),
    formatVerdict(withLogins.p99Ms < P99_GROWTH_MAX * withoutLogins.p99Ms),
    formatRate(logins.requestsPerS),
  ]);
  const columns = `Readers of the public timeline | Requests/s | p99 ms without logins |
    p99 ms with logins on ${LOGIN_CONNECTIONS} connections | Growth | Under ${P99_GROWTH_MAX} x | Logins/s`;
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

Resident set size (RSS) of the process, with ${SOAK_CONNECTIONS} connections that send a mix of all requests.

${formatTable('Minute | Requests/s | MB', rows)}

Under ${MEMORY_MAX_MB} MB: ${formatVerdict(isSmall)}. Not growing: ${formatVerdict(isSteady)}
(${formatFactor(last / middle)} in the second half).

${formatTable(
  'At the end | MB',
  parts.map(({ name, mb }) => [name, mb.toFixed(0)]),
)}`;
}

/** Returns the section on the processor time of each profiled page, with its largest sources. */
export function formatProfiles(database: DatabaseResults): string {
  const profiles = findMainSize(database)?.profiles ?? [];
  if (profiles.length === 0) return `${formatServer(database)}: not measured.`;
  return `### ${formatServer(database)}\n\n${profiles.map(formatProfile).join('\n')}`;
}

function formatProfile({ page, parts }: PageProfile): string {
  const idleUs = parts.find(({ name }) => name === IDLE)?.us ?? 0;
  const busy = parts.filter(({ name }) => name !== IDLE);
  const busyUs = busy.reduce((sum, { us }) => sum + us, 0);
  const largest = busy
    .filter(({ us }) => us >= PROFILE_MIN_SHARE * busyUs)
    .map(({ name, us }) => `${name} ${formatMs(us)}`);
  return `- **${page}** (${formatMs(busyUs)}, idle ${formatMs(idleUs)}): ${largest.join(', ')}`;
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
