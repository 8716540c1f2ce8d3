import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { SIZES } from './data.ts';
import { ORIGINAL_MAX_S } from './measure.ts';
import type { Results } from './results.ts';
import { findWrk } from './wrk.ts';

const TITLES = { mariadb: 'MariaDB', mysql: 'MySQL' };

/** Says how, when and on what the results came about. */
export function describeMethod({ options, databases, minutes }: Results): string {
  const versions = databases.map(({ kind, version }) => `${TITLES[kind]} ${version}`).join(', ');
  const { hello, ours, original } = options.secondsEach;
  const cores = `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'})`;
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  const sizes = options.sizes.map((name) => {
    const { users, messages } = SIZES[name];
    return `${name}: ${count(users)} users and ${count(messages)} messages`;
  });
  return `
\`npm run bench\` wrote this on ${new Date().toISOString().slice(0, 10)}, in ${minutes} min, on a machine of
${cores} and ${memory}, with Node ${process.versions.node}, ${versions} and ${wrkVersion()}. Database, server
and wrk share its cores.

- Data sets: ${sizes.join('; ')}; about 50 followees each, the active and the popular few and the others many.
- Compared, in turn within each round (there were ${options.rounds}): Express that answers \`hello\` (${hello} s), our
  built server in production, one process with 10 connections (${ours} s), and the same application with MiniTwit's
  own tables, without indexes, and queries (${original} s, or up to ${ORIGINAL_MAX_S} s
  where its answers take long). Ratios are taken within a round; all figures
  are medians of the rounds.
- wrk drives hello and ours with 64 connections, logins with 16; the original with 2, which keeps both cores busy:
  at 64, its answers would take minutes. Percentiles are therefore those of a server that is asked
  as much as it can answer.
- All get the headers that a browser sends, \`Accept-Encoding: gzip, deflate, br\` among them. My timeline is
  another user's at each request; users' pages are drawn by how well their users are known, after
  a warm-up in which those that are asked for often were made; older pages of both are the second ones. Every
  commit is on the disk before it is acknowledged (\`innodb_flush_log_at_trx_commit = 1\`), and the databases' buffers hold all data, as those of RDS would.
${options.remarks.map((remark) => `- ${remark}\n`).join('')}`;
}

/** A number with its thousands apart. */
export function count(number: number): string {
  return number.toLocaleString('en-GB');
}

/** A server's name and version. */
export function titleOf({ kind, version }: { kind: keyof typeof TITLES; version: string }): string {
  return `${TITLES[kind]} ${/^[\d.]+/.exec(version)?.[0] ?? version}`;
}

function wrkVersion(): string {
  const { stdout } = spawnSync(findWrk(), ['-v'], { encoding: 'utf8' });
  return /^wrk \S+/.exec(stdout)?.[0] ?? 'wrk';
}
