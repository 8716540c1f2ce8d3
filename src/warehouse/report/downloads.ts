import type { Statistic } from '../statistics/statistics.ts';
import { formatCsv } from './csv.ts';

// A page with the tables of some years stays under two megabytes. The tables of retention grow with the square of time.
const TABLE_MAX_BYTES = 256 * 1024;
const ALL_MAX_BYTES = 1024 * 1024;

/** The download of a table as CSV. */
export interface Download {
  /** The name of the file: `new-users.csv`. */
  file: string;
  /** The address of a link: the file itself, or its name if it is too large for the page. */
  href: string;
  isInPage: boolean;
}

/**
 * Creates the downloads of tables by the names of their statistics, without those that failed. A page contains the CSV files, so that its links
 * work without the folder of the report, as in an attachment. For large files, a link leads to the file in the folder.
 */
export function createDownloads(statistics: Statistic[]): Map<string, Download> {
  let bytes = 0;
  const computed = statistics.filter(({ error }) => error === undefined);
  return new Map(
    computed.map((statistic) => {
      const csv = Buffer.from(formatCsv(statistic));
      const isInPage = csv.length <= TABLE_MAX_BYTES && bytes + csv.length <= ALL_MAX_BYTES;
      if (isInPage) bytes += csv.length;
      const file = `${statistic.name}.csv`;
      const href = isInPage
        ? `data:text/csv;charset=utf-8;base64,${csv.toString('base64')}`
        : encodeURIComponent(file);
      return [statistic.name, { file, href, isInPage }];
    }),
  );
}
