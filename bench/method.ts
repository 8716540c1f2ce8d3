import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { SIZES } from './data.ts';
import { ORIGINAL_MAX_S } from './measure.ts';
import type { Results } from './results.ts';
import { findWrk } from './wrk.ts';

const SERVER_NAMES = { mariadb: 'MariaDB', mysql: 'MySQL' };

/** Returns the section on the method: date, machine, versions, data sets and load. */
export function formatMethod({ options, databases, minutes }: Results): string {
  const versions = databases
    .map(({ kind, version }) => `${SERVER_NAMES[kind]} ${version}`)
    .join(', ');
  const { hello, ours, original } = options.secondsEach;
  const cores = `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'})`;
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
- **Servers.** Rounds: ${options.rounds}. Each round measures every server in turn: Express that answers \`hello\` (${hello} s); the
  production build of MiniTwit, one process with 10 database connections (${ours} s); and the original: the same
  application with the tables and queries of Flask's MiniTwit, without indexes (${original} s, or up to ${ORIGINAL_MAX_S} s
  where its responses are slow). Ratios are computed within a round. All figures are medians of the rounds.
- **Load.** wrk uses 64 connections for hello and MiniTwit, 16 for logins, and 2 for the original. Two connections use both
  cores; with 64, a response of the original would take minutes. The percentiles are those of a saturated server.
- **Requests.** All requests have a browser's headers, with \`Accept-Encoding: gzip, deflate, br\`. Each request for My timeline
  has another user. Popular users' pages are requested more often, and a warm-up fills the cache with them. An
  older page is the second page of a timeline.
- **Databases.** The databases flush every commit to the disk (\`innodb_flush_log_at_trx_commit = 1\`). Their buffer pools hold all data, as
  on RDS.
${options.remarks.map((remark) => `- ${remark}\n`).join('')}`;
}

/** Returns an integer with separators between thousands. */
export function formatInteger(number: number): string {
  return number.toLocaleString('en-GB');
}

/** Returns a database server's name and version. */
export function formatServer({
  kind,
  version,
}: {
  kind: keyof typeof SERVER_NAMES;
  version: string;
}): string {
  return `${SERVER_NAMES[kind]} ${/^[\d.]+/.exec(version)?.[0] ?? version}`;
}

function wrkVersion(): string {
  const { stdout } = spawnSync(findWrk(), ['-v'], { encoding: 'utf8' });
  return /^wrk \S+/.exec(stdout)?.[0] ?? 'wrk';
}
