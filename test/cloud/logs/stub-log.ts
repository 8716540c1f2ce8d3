import type { AwsStub } from '../../support/aws-stub.ts';

/** An event that arrives in the log group after a number of polls. */
export interface StubEvent {
  id: string;
  instanceId: string;
  time: string;
  /** The fields of the server's line, or the text of another line. */
  line: object | string;
  /** The number of the poll that sees the event first. By default, all polls see it. */
  arrivesAtPoll?: number;
}

const PAGE_SIZE = 2;

/**
 * Answers FilterLogEvents for a log group with these events. Like AWS, it returns events by time, in pages, of which the
 * first one is empty, and searches the pattern in the text of the event.
 * @returns the number of polls so far, and the log groups that were asked for
 */
export function stubLog(aws: AwsStub, events: StubEvent[]): { polls: number; groups: Set<string> } {
  const state = { polls: 0, groups: new Set<string>() };
  aws.stub('logs:FilterLogEvents', ({ body }) => {
    const request = JSON.parse(body.toString()) as Record<string, string>;
    const { logGroupName = '', startTime, filterPattern, nextToken } = request;
    state.groups.add(logGroupName);
    if (nextToken === undefined) {
      state.polls += 1;
      return json({ events: [], nextToken: '0' });
    }
    const term = filterPattern?.replace(/^"(.*)"$/, '$1') ?? '';
    const found = events
      .filter(({ arrivesAtPoll = 1 }) => arrivesAtPoll <= state.polls)
      .map(toLogEvent)
      .filter(({ timestamp, message }) => timestamp >= Number(startTime) && message.includes(term))
      .toSorted((a, b) => a.timestamp - b.timestamp);
    const end = Number(nextToken) + PAGE_SIZE;
    const more = found.length > end && { nextToken: String(end) };
    return json({ events: found.slice(Number(nextToken), end), ...more });
  });
  return state;
}

function json(answer: object) {
  return { status: 200, body: JSON.stringify(answer) };
}

/** Returns an event as the CloudWatch agent sends it: a journal entry whose MESSAGE is the line. */
function toLogEvent({ id, instanceId, time, line }: StubEvent) {
  const MESSAGE = typeof line === 'string' ? line : JSON.stringify(line);
  const body = { MESSAGE, PRIORITY: '6', SYSLOG_IDENTIFIER: 'minitwit', _PID: '812' };
  return {
    eventId: id,
    logStreamName: instanceId,
    timestamp: Date.parse(time),
    message: JSON.stringify({ body, severity_number: 9, severity_text: 'info' }),
  };
}
