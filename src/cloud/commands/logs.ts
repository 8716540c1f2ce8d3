import { formatTime } from '../../cli/times.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatImageCommand, formatCommand } from '../format-command.ts';
import { followLog } from '../logs/follow-log.ts';
import { formatLogEntry, parseLogEvent, removeControls } from '../logs/log-entry.ts';
import { readLogEvents } from '../logs/log-events.ts';
import { readOutputs } from '../stack/outputs.ts';
import { requireStack } from '../stack/stack.ts';

/** Which lines of the log to print. */
export interface LogsOptions {
  /** The time of the oldest line. */
  since: Date;
  /** The id of a request, of which only the lines are printed, or null. */
  requestId: string | null;
  /** Whether to wait for new lines until the signal. */
  isFollowing: boolean;
}

/**
 * Prints the log of the servers of all instances, also of those that no longer exist.
 * @throws OperatorError when there is no stack or when AWS refuses a request
 */
export async function printLogs(
  cloud: CloudContext,
  { since, requestId, isFollowing }: LogsOptions,
): Promise<void> {
  const logGroup = await requireServerLog(cloud);
  const query = { logGroup, since, text: requestId };
  const events = isFollowing
    ? followLog(cloud, query)
    : readLogEvents(cloud.clients.cloudWatchLogs, query);
  let isEmpty = true;
  for await (const event of events) {
    const entry = parseLogEvent(event);
    // AWS searches the whole text of a line.
    if (requestId !== null && entry.requestId !== requestId) continue;
    isEmpty = false;
    cloud.print(formatLogEntry(entry));
    if (requestId !== null && entry.stack !== null) printStack(cloud, entry.stack);
  }
  if (isEmpty && !isFollowing) cloud.print(explainEmptyLog(cloud, since));
}

async function requireServerLog(cloud: CloudContext): Promise<string> {
  const { serverLog } = readOutputs(await requireStack(cloud));
  if (serverLog !== null) return serverLog;
  throw new OperatorError(
    `The stack ${cloud.stackName} has no log group for the server. Run ${formatCommand(cloud, 'up')} to create it.`,
  );
}

function printStack({ print }: CloudContext, stack: string): void {
  for (const line of stack.split('\n')) print(`    ${removeControls(line)}`);
}

function explainEmptyLog(cloud: CloudContext, since: Date): string {
  return (
    `There are no such lines since ${formatTime(since)}. Set an earlier time with --since. An image without the CloudWatch ` +
    `agent does not send its log: run ${formatImageCommand()}, then ${formatCommand(cloud, 'roll')}.`
  );
}
