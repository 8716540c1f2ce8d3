import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { formatTable } from '../format.ts';
import type { Costs } from './costs.ts';

const FILE = 'bench/results.md';
const HEADING = '## Processor time with a replica';

/** Returns the section about replicas at the end of a report, or an empty text. */
export function findCostSection(report: string): string {
  const index = report.indexOf(HEADING);
  return index === -1 ? '' : report.slice(index);
}

/** Writes the section about replicas into `bench/results.md`, in place of the last one. */
export async function writeCostSection(costs: Costs): Promise<void> {
  const report = await readFile(FILE, 'utf8');
  const others = report.slice(0, report.length - findCostSection(report).length);
  const options = await resolveConfig(FILE);
  const text = `${others}\n\n${formatCostSection(costs)}`;
  await writeFile(FILE, await format(text, { ...options, parser: 'markdown' }));
}

function formatCostSection({ date, machine, pages }: Costs): string {
  const rows = pages.map(({ name, setups: { alone, replica, redis } }) => [
    name,
    ...[alone, replica, redis].map(({ webUs }) => String(webUs)),
    ...[alone, replica, redis].map(({ writerUs }) => String(writerUs)),
    (replica.writerUs / alone.writerUs).toFixed(2),
    String(replica.replicaUs),
  ]);
  return `${HEADING}

\`npm run bench:scaling\` wrote this section on ${date}, on a machine with ${machine}, with MySQL 9.7 and data set M. Commits
are not flushed to the disk (\`innodb_flush_log_at_trx_commit = 2\`, \`sync_binlog = 0\`). Three servers are measured in turn: alone, with \`DB_READ_HOST\`, and with \`DB_READ_HOST\` and \`LIMITS_STORE\`. The figures are the
µs of processor time for a request. The share is that of the writer with a replica. The figures include the idle work of the
servers, which matters for logins only: there are few of them in a second.

${formatTable(
  `Page | Web server, alone | with a replica | and Redis | Writer, alone | with a replica | and Redis |
    Share | Replica`,
  rows,
)}
`;
}
