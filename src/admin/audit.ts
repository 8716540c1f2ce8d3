import { alignColumns } from '../cli/table.ts';
import { formatTime } from '../cli/times.ts';
import type { AdminContext } from './context.ts';
import { escapeText } from './escape-text.ts';

/** Prints the decisions of moderators and operators, newest first: those before a decision's id, or the newest ones. */
export async function printAudit(
  { repositories, print }: AdminContext,
  { before }: { before: number | null },
): Promise<void> {
  const { decisions, hasOlder } = await repositories.audit.listDecisions(before);
  if (decisions.length === 0) return print('There are no such decisions.');
  const rows = decisions.map((decision) => [
    String(decision.decisionId),
    formatTime(new Date(decision.createdS * 1000)),
    decision.actor === null ? '(operator)' : escapeText(decision.actor),
    decision.action,
    escapeText(decision.username),
    decision.messageId === null ? '' : String(decision.messageId),
    escapeText(decision.reason),
  ]);
  const header = ['ID', 'TIME', 'BY', 'DECISION', 'ABOUT', 'MESSAGE', 'REASON'];
  for (const line of alignColumns([header, ...rows])) print(line);
  if (hasOlder) print(`There are older decisions. Add --before ${decisions.at(-1)?.decisionId}.`);
}
