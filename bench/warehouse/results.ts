import { availableParallelism } from 'node:os';
import type { CopyOutcome } from './copy-program.ts';
import { type ToolOutcome, TOOLS } from './tools.ts';

/** What is measured in a round, each beside the others. */
export interface Round {
  first: CopyOutcome;
  changed: CopyOutcome;
  unchanged: CopyOutcome;
  tools: Record<string, ToolOutcome>;
}

const TITLES = {
  first: 'The first copy',
  changed: 'One message in a hundred changed',
  unchanged: 'Nothing changed',
};

/** The results of all rounds, as a page of Markdown. */
export function describeRounds(rounds: Round[]): string {
  const copies = (['first', 'changed', 'unchanged'] as const).map((name) => ({
    name: `${TITLES[name]}, ${count(median(rounds.map((round) => round[name].sent)))} rows sent`,
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
      count(rows / median(seconds)),
      `${median(ratios).toFixed(median(ratios) < 10 ? 2 : 0)} x`,
      Math.max(...peakMb).toFixed(0),
    ].join(' | ');
  });
  return `# What a copy takes

\`npm run bench:warehouse\` wrote this on ${new Date().toISOString().slice(0, 10)}: ${count(rows)} rows, a million
messages among them, from one MariaDB to another, both on a machine of ${availableParallelism()} cores. Medians of
${rounds.length} rounds, in each of which all are measured one after the other; memory is the most that was ever
used by the program, or the larger of two. Of the messages that changed, one in a hundred, neighbours of others all
over the table; with sixteen rows to a leaf, their neighbours are sent with them.

What | Seconds | Rows/s | Times as fast as mysqldump | Peak MB
--- | --: | --: | --: | --:
${lines.join('\n')}
`;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}
