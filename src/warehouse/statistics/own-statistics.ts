import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { STATISTICS } from './statistics.ts';

/** A statistic of the operator's: an SQL file with one query, which begins with lines for its title and its meaning. */
export interface OwnStatistic {
  /** The name of the file without `.sql`. */
  name: string;
  title: string;
  /** One or two sentences. */
  meaning: string;
  sql: string;
}

const FILES_MAX = 100;
const FILE_MAX_BYTES = 100_000;
const NAME = /^[a-z0-9-]{1,60}$/;
const TITLE = /^-- (?<text>\S.{0,99})$/;
const MEANING = /^-- (?<text>\S.{0,499})$/;

/**
 * Reads the operator's own statistics: the files of a folder whose names end with `.sql`, in the order of their names.
 * It does not parse the queries.
 * @throws OperatorError with all problems of the folder and its files
 */
export async function readOwnStatistics(folder: string): Promise<OwnStatistic[]> {
  const files = await listFiles(folder);
  const statistics: OwnStatistic[] = [];
  const problems: string[] = [];
  for (const file of files) {
    const read = await readStatistic(folder, file);
    if ('problem' in read) problems.push(`${file} ${read.problem}`);
    else statistics.push(read);
  }
  assertNoProblems(folder, problems);
  return statistics;
}

/** @throws OperatorError that lists the problems of the statistics in a folder, if there are any */
export function assertNoProblems(folder: string, problems: string[]): void {
  if (problems.length === 0) return;
  const lines = problems.map((problem) => `  ${problem}`);
  throw new OperatorError(
    [`The statistics in ${folder} (WAREHOUSE_STATISTICS) are invalid:`, ...lines].join('\n'),
  );
}

async function listFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new OperatorError(
      `The folder ${folder} (WAREHOUSE_STATISTICS) cannot be read: ${errorMessage(error)}`,
      { cause: error },
    );
  });
  const files = names.filter((name) => name.toLowerCase().endsWith('.sql')).toSorted();
  if (files.length <= FILES_MAX) return files;
  throw new OperatorError(
    `The folder ${folder} (WAREHOUSE_STATISTICS) has ${files.length} statistics. The maximum is ${FILES_MAX}.`,
  );
}

async function readStatistic(
  folder: string,
  file: string,
): Promise<OwnStatistic | { problem: string }> {
  const name = file.slice(0, -'.sql'.length);
  if (!NAME.test(name) || !file.endsWith('.sql'))
    return {
      problem: 'needs a name of up to 60 lower-case letters, digits and hyphens before `.sql`.',
    };
  if ((STATISTICS as readonly string[]).includes(name))
    return { problem: 'has the name of a statistic of MiniTwit. Choose another name.' };
  const text = await readText(join(folder, file));
  if (typeof text !== 'string') return text;
  const [first = '', second = ''] = text.split(/\r?\n/);
  const title = TITLE.exec(first)?.groups?.text;
  const meaning = MEANING.exec(second)?.groups?.text;
  if (title === undefined || meaning === undefined)
    return {
      problem:
        'needs `-- ` and a title of up to 100 characters in its first line, and `-- ` and a sentence of up to 500 characters in its second line.',
    };
  return { name, title, meaning, sql: text };
}

async function readText(path: string): Promise<string | { problem: string }> {
  try {
    const { size } = await stat(path);
    if (size > FILE_MAX_BYTES) return { problem: `is larger than ${FILE_MAX_BYTES / 1000} kB.` };
    // An editor on Windows may write a byte order mark.
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    return { problem: `cannot be read: ${errorMessage(error)}` };
  }
}
