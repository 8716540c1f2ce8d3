import {
  type CloudWatchLogsClient,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { z } from 'zod';
import { readPages } from '../../aws/pages.ts';

const eventSchema = z
  .object({
    eventId: z.string(),
    logStreamName: z.string(),
    timestamp: z.number(),
    message: z.string(),
  })
  .transform((it) => ({
    id: it.eventId,
    /** The id of the instance, which the agent uses as the name of its log stream. */
    instanceId: it.logStreamName,
    time: new Date(it.timestamp),
    /** The journal entry as the CloudWatch agent sends it, see `parseLogEvent`. */
    message: it.message,
  }));

/** An event in a log group. */
export type LogEvent = z.infer<typeof eventSchema>;

/** Which events of a log group to read. */
export interface LogQuery {
  logGroup: string;
  /** The time of the oldest event. */
  since: Date;
  /** A text that the events contain, without quotes, or null for all events. */
  text: string | null;
}

/**
 * Yields the events of a log group, oldest first. The events of one page are in order across all log streams.
 * @throws OperatorError when AWS refuses a page
 */
export async function* readLogEvents(
  client: CloudWatchLogsClient,
  { logGroup, since, text }: LogQuery,
): AsyncGenerator<LogEvent> {
  const pages = paginateFilterLogEvents(
    { client },
    {
      logGroupName: logGroup,
      startTime: Number(since),
      // Quotes make one term of a text with hyphens.
      ...(text !== null && { filterPattern: `"${text}"` }),
    },
  );
  // Between two events, AWS may return empty pages.
  for await (const { events = [] } of readPages('Cannot read the log', pages)) {
    yield* events.map((event) => eventSchema.parse(event));
  }
}
