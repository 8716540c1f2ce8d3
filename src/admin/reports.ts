import { alignColumns } from '../cli/table.ts';
import { formatTime } from '../cli/times.ts';
import type { AdminContext } from './context.ts';
import { escapeText } from './escape-text.ts';

// No user has this id. A moderator does not see reports about the moderator, and the operator sees all.
const NO_READER = 0;

/** Prints the open reports, newest first: those before a report's id, or the newest ones. */
export async function printReports(
  { repositories, print }: AdminContext,
  { before }: { before: number | null },
): Promise<void> {
  const { reports, hasOlder } = await repositories.reports.listOpenReports(NO_READER, before);
  if (reports.length === 0) return print('There are no such reports.');
  const rows = reports.map(
    ({ reportId, createdS, reporter, username, messageId, reason, text }) => [
      String(reportId),
      formatTime(new Date(createdS * 1000)),
      escapeText(reporter),
      escapeText(username),
      messageId === null ? '' : String(messageId),
      reason,
      escapeText(text),
    ],
  );
  const header = ['ID', 'TIME', 'BY', 'ABOUT', 'MESSAGE', 'REASON', 'TEXT'];
  for (const line of alignColumns([header, ...rows])) print(line);
  if (hasOlder) print(`There are older reports. Add --before ${reports.at(-1)?.reportId}.`);
}
