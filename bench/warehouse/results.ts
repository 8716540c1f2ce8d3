import { availableParallelism, loadavg } from 'node:os';
import type { CopyResult } from './copy-program.ts';
import type { ExportResult } from './export-program.ts';
import { type ToolResult, TOOLS } from './tools.ts';

/** The results of a round. */
export interface Round {
  first: CopyResult;
  changed: CopyResult;
  proved: CopyResult;
  unchanged: CopyResult;
  /** An unchanged copy of three times the data. */
  large: CopyResult;
  /** The export of all rows, and all statistics. */
  exported: ExportResult;
  tools: Record<string, ToolResult>;
}

const TITLES = {
  first: 'The first copy',
  changed: 'One message in a hundred changed, `--prove-all`',
  proved: 'Nothing changed, `--prove-all`',
  unchanged: 'Nothing changed',
};

/** Returns the report of all rounds in Markdown. */
export function formatRounds(rounds: Round[]): string {
  const copies = (['first', 'changed', 'proved', 'unchanged'] as const).map((name) => ({
    name: `${TITLES[name]}, ${formatInteger(median(rounds.map((round) => round[name].sent)))} rows sent`,
    seconds: rounds.map((round) => round[name].seconds),
    peakMb: rounds.map((round) => round[name].peakMb),
  }));
  const tools = Object.keys(TOOLS).map((name) => ({
    name: name.replace('|', '\\|'),
    seconds: rounds.map((round) => round.tools[name]?.seconds ?? NaN),
    peakMb: rounds.map((round) => round.tools[name]?.peakMb ?? NaN),
  }));
  const reference = tools[0]?.seconds ?? [];
  const rows = median(rounds.map(({ first }) => first.rows));
  const lines = [...copies, ...tools].map(({ name, seconds, peakMb }) => {
    const ratios = seconds.map((each, round) => (reference[round] ?? NaN) / each);
    return [
      name,
      median(seconds).toFixed(2),
      formatInteger(rows / median(seconds)),
      `${median(ratios).toFixed(median(ratios) < 10 ? 2 : 0)} x`,
      Math.max(...peakMb).toFixed(0),
    ].join(' | ');
  });
  return `# Benchmark of the warehouse's copy

\`npm run bench:warehouse\` wrote this report on ${new Date().toISOString().slice(0, 10)}. It copies ${formatInteger(rows)} rows, with a million
messages among them, from one MariaDB server to another on a machine with ${availableParallelism()} cores. The figures are medians
of ${rounds.length} rounds, each with every program in turn. Memory is the peak of the program, or the larger
peak of two programs. The changed messages are spread over the whole table. Without \`--prove-all\`, a copy compares the
checksums of all users and follows and of some messages, and counts all messages. The load average of the
last 15 minutes was ${loadavg()[2]?.toFixed(0)}: with more than the number of cores, other programs ran at the same time.

Copy | Seconds | Rows/s | Speed relative to mysqldump | Peak MB
--- | --: | --: | --: | --:
${lines.join('\n')}

${formatGrowth(rounds)}

${formatExport(rounds)}
`;
}

/** Returns a paragraph about the copy of a larger source. */
function formatGrowth(rounds: Round[]): string {
  const [small, large] = (['unchanged', 'large'] as const).map((name) => ({
    rows: median(rounds.map((round) => round[name].rows)),
    proved: median(rounds.map((round) => round[name].proved)),
    seconds: median(rounds.map((round) => round[name].seconds)),
  }));
  if (!small || !large) return '';
  const perMillion = (large.seconds - small.seconds) / ((large.rows - small.rows) / 1e6);
  const dump = median(rounds.map(({ tools }) => tools['mysqldump | mysql']?.seconds ?? NaN));
  const share = perMillion / (dump / (small.rows / 1e6));
  return `An unchanged copy of ${formatInteger(large.rows)} rows takes ${large.seconds.toFixed(2)} s, and compares the checksums of ${formatInteger(large.proved)} of them. A further
million rows of the source add ${perMillion.toFixed(2)} s: ${(share * 100).toFixed(1)} % of the time that mysqldump takes for a million rows.`;
}

/** Returns a paragraph about the export and the statistics. */
function formatExport(rounds: Round[]): string {
  const of = (what: keyof ExportResult) => median(rounds.map(({ exported }) => exported[what]));
  return `The export of all rows as Parquet files takes ${of('exportSeconds').toFixed(2)} s (${of('megabytes').toFixed(0)} MB), and all statistics ${of('statisticsSeconds').toFixed(2)} s.
The process with a copy, the export and the statistics needs ${Math.max(...rounds.map(({ exported }) => exported.peakMb)).toFixed(0)} MB at its peak.`;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function formatInteger(value: number): string {
  return Math.round(value).toLocaleString('en');
}
