import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../../errors/error-message.ts';
import { isTransient } from '../../aws/errors.ts';
import type { CloudContext } from '../context.ts';
import { type LogEvent, type LogQuery, readLogEvents } from './log-events.ts';

// With the first pause of other polls, half a second, this is a request every three seconds.
const PAUSE_FACTOR = 6;
// How late an event may arrive. The agent sends its events every five seconds, and repeats failed requests. Each poll
// reads the events of this time again.
const LATE_MAX_MS = 120_000;

/**
 * Yields the events of a log group, and polls for new ones until the context's signal. Each event is yielded once, also
 * if it arrives after newer events. An error that may pass is only logged.
 * @throws OperatorError when AWS refuses a request
 */
export async function* followLog(cloud: CloudContext, query: LogQuery): AsyncGenerator<LogEvent> {
  const { signal, timing, clients } = cloud;
  const seen = new Map<string, Date>();
  let { since } = query;
  while (!signal.aborted) {
    try {
      for await (const event of readLogEvents(clients.cloudWatchLogs, { ...query, since })) {
        if (signal.aborted) return;
        if (seen.has(event.id)) continue;
        seen.set(event.id, event.time);
        yield event;
      }
    } catch (error) {
      if (!isTransient(error)) throw error;
      cloud.log(errorMessage(error));
    }
    since = findNextStart(since, [...seen.values()]);
    for (const [id, time] of seen) if (time < since) seen.delete(id);
    const pauseMs = timing.firstPauseMs * PAUSE_FACTOR;
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Returns the time from which late events may still arrive. The operator's clock may be wrong, so only events count. */
function findNextStart(since: Date, times: Date[]): Date {
  const newestMs = times.reduce((newest, time) => Math.max(newest, Number(time)), 0);
  return new Date(Math.max(Number(since), newestMs - LATE_MAX_MS));
}
