import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { SIZES } from './data.ts';
import { ORIGINAL_MAX_S } from './comparison.ts';
import { formatInteger, formatServerKind } from './format.ts';
import { LOGIN_CONNECTIONS, PAGE_CONNECTIONS } from './bench-page.ts';
import type { Results } from './results.ts';
import { findWrk } from './wrk.ts';

/** Returns the section on the method: date, machine, versions, data sets and load. */
export function formatMethod({ options, databases, minutes }: Results): string {
  const versions = databases
    .map(({ kind, version }) => `${formatServerKind(kind)} ${version}`)
    .join(', ');
  const { hello, ours, original } = options.secondsEach;
  const cores = `${availableParallelism()} cores (${formatProcessor()})`;
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  const sizes = options.sizes.map((name) => {
    const { users, messages } = SIZES[name];
    return `${name}: ${formatInteger(users)} users and ${formatInteger(messages)} messages`;
  });
  return `
\`npm run bench\` wrote this report on ${new Date().toISOString().slice(0, 10)}. The run took ${minutes} minutes on a machine with
${cores} and ${memory}, with Node ${process.versions.node}, ${versions} and ${wrkVersion()}. Database, server
and wrk share the cores.

- **Data sets.** ${sizes.join('; ')}. A user follows about 50 others. A few users post, and are followed, much more than the rest.
- **Servers.** Rounds: ${options.rounds}. Each round measures in turn: Express that answers \`hello\` (${hello} s); the
  production build of MiniTwit, one process with 10 database connections (${ours} s); hello again; for some pages with the
  main data set, Node's own server, which sends the status, headers and bytes of MiniTwit's responses and does nothing else
  (${ours} s), and hello again; and the original: the same application with the tables and queries of Flask's MiniTwit,
  without indexes (${original} s, or up to ${ORIGINAL_MAX_S} s where its responses are slow). A share of hello is that of the
  mean of hello before and after. Ratios are computed within a round. All figures are medians of the rounds.
- **Load.** wrk uses ${PAGE_CONNECTIONS} connections for hello and MiniTwit, ${LOGIN_CONNECTIONS} for logins, and 2 for the original. Two connections use both
  cores; with ${PAGE_CONNECTIONS}, a response of the original would take minutes. The percentiles are those of a saturated server.
- **Requests.** All requests have a browser's headers, with \`Accept-Encoding: gzip, deflate, br\`. Those for a page that is “not
  compressed” have no \`Accept-Encoding\`. They go to a server of their own, whose cache has no compressed pages. Each request for
  My timeline has another user. A user’s page is that of any user, and popular users are requested more often. Of the 500 users with
  the most readers, the page is “cached” after the first runs; the row for any user has no target, since some of its pages are cached and others are not. An
  older page is the second page of a timeline.
- **Not cached.** These requests go to a server whose caches of pages and of messages are off (\`bench/no-caches.ts\`), so each one reads and renders
  30 messages. They visit in turn
  all users whose page is full. Such a page has the same number of messages in each data set, so only the size of the tables differs.
- **Databases.** The databases flush every commit to the disk (\`innodb_flush_log_at_trx_commit = 1\`). Their buffer pools hold all data, as
  on RDS.
${options.remarks.map((remark) => `- ${remark}\n`).join('')}`;
}

/** Returns the name of the processor with its family and model, because clouds hide the complete name. */
function formatProcessor(): string {
  const text = readFileSync('/proc/cpuinfo', 'utf8');
  const [name, family, model] = ['model name', 'cpu family', 'model'].map(
    (field) => new RegExp(`^${field}\\s*: (.*)$`, 'm').exec(text)?.[1] ?? 'unknown',
  );
  return `${name}, family ${family}, model ${model}`;
}

function wrkVersion(): string {
  const { stdout } = spawnSync(findWrk(), ['-v'], { encoding: 'utf8' });
  return /^wrk \S+/.exec(stdout)?.[0] ?? 'wrk';
}
