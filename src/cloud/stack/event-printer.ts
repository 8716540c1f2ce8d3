import type { StackEvent } from './events.ts';
import { onOneLine } from './hints.ts';

const STARTED: Record<string, string> = {
  CREATE: 'being created',
  UPDATE: 'being changed',
  DELETE: 'being removed',
  IMPORT: 'being imported',
};
const COMPLETE: Record<string, string> = {
  CREATE: 'created',
  UPDATE: 'changed',
  DELETE: 'removed',
  IMPORT: 'imported',
};

/**
 * Creates a function that logs the new events of each resource, a line for each state:
 * `Database (AWS::RDS::DBInstance): created after 6 min 12 s`. It ignores events of the stack itself, and events that
 * it has logged before.
 */
export function createEventPrinter(log: (line: string) => void): (events: StackEvent[]) => void {
  const seen = new Set<string>();
  const lastEvents = new Map<string, StackEvent>();
  return (events) => {
    for (const event of events) {
      if (seen.has(event.id) || event.isOfStack) continue;
      seen.add(event.id);
      const last = lastEvents.get(event.resource);
      if (event.status === last?.status) continue;
      log(`${event.resource} (${event.type}): ${formatState(event, last?.at)}`);
      lastEvents.set(event.resource, event);
    }
  };
}

function formatState({ status, reason, at }: StackEvent, since: Date | undefined): string {
  const [, action = '', phase] = /^([A-Z]+)_(IN_PROGRESS|COMPLETE)$/.exec(status) ?? [];
  const after = since ? ` after ${formatDuration(Number(at) - Number(since))}` : '';
  if (phase === 'COMPLETE' && COMPLETE[action]) return `${COMPLETE[action]}${after}`;
  if (phase === 'IN_PROGRESS' && STARTED[action]) return STARTED[action];
  if (status === 'DELETE_SKIPPED') return 'retained';
  return reason === null ? status : `${status}: ${onOneLine(reason)}`;
}

/** Returns a duration, such as `45 s` or `6 min 12 s`. */
function formatDuration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  return s < 60 ? `${s} s` : `${Math.floor(s / 60)} min ${s % 60} s`;
}
