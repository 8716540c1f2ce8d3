import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import type { LogEvent } from './log-events.ts';

/** An entry of the journal of an instance. */
export interface LogEntry {
  time: Date;
  instanceId: string;
  /** `info`, `error` and others; empty for a line that is not from the server. */
  level: string;
  message: string;
  /** The id of the request, or null. */
  requestId: string | null;
  /** The stack of the error, or null. */
  stack: string | null;
}

// The levels of pino.
const LEVELS: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

// The CloudWatch agent sends the fields of a journal entry as `body`. journald represents a text that is not UTF-8 as
// an array of bytes.
const journalSchema = z.object({
  body: z.object({
    MESSAGE: z
      .union([z.string(), z.array(z.number()).transform((bytes) => Buffer.from(bytes).toString())])
      .default(''),
  }),
});

const lineSchema = z.object({
  level: z.number(),
  msg: z.string().default(''),
  req: z
    .object({ id: z.string(), method: z.string().default(''), path: z.string().default('') })
    .optional(),
  res: z.object({ statusCode: z.number() }).optional(),
  responseTime: z.number().optional(),
  err: z.object({ message: z.string().default(''), stack: z.string().optional() }).optional(),
});

/** Parses a line of the server, or another entry of the journal, such as a message of systemd. */
export function parseLogEvent({ time, instanceId, message }: LogEvent): LogEntry {
  const journal = journalSchema.safeParse(parseJson(message));
  const text = journal.data?.body.MESSAGE ?? message;
  const { data: line } = lineSchema.safeParse(parseJson(text));
  const entry = { time, instanceId };
  if (!line) return { ...entry, level: '', message: text, requestId: null, stack: null };
  return {
    ...entry,
    level: LEVELS[line.level] ?? String(line.level),
    message: formatLine(line),
    requestId: line.req?.id ?? null,
    stack: line.err?.stack ?? null,
  };
}

/** Returns what happened: `request completed: GET /public, status 200, 12 ms`. */
function formatLine({ msg, req, res, responseTime, err }: z.infer<typeof lineSchema>): string {
  const details = [
    ...(req ? [`${req.method} ${req.path}`] : []),
    ...(res ? [`status ${res.statusCode}`] : []),
    ...(responseTime === undefined ? [] : [`${responseTime} ms`]),
    ...(err ? [err.message] : []),
  ];
  return details.length > 0 ? `${msg}: ${details.join(', ')}` : msg;
}

/** Formats an entry as one line: time, instance, level, message, and the id of the request. */
export function formatLogEntry(entry: LogEntry): string {
  const { time, instanceId, level, message, requestId } = entry;
  const words = [time.toISOString(), instanceId, level, removeControls(message), requestId ?? ''];
  return words.filter((word) => word !== '').join(' ');
}

/**
 * Returns a text on one line, without characters that control the terminal. Clients of the site may have written a part
 * of the text.
 */
export function removeControls(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}+/gu, ' ');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
