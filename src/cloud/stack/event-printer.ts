import type { StackEvent } from './events.ts';

const DOING: Record<string, string> = {
  CREATE: 'being created',
  UPDATE: 'being changed',
  DELETE: 'being removed',
  IMPORT: 'being imported',
};
const DONE: Record<string, string> = {
  CREATE: 'created',
  UPDATE: 'changed',
  DELETE: 'removed',
  IMPORT: 'imported',
};

/**
 * Tells of resources as their states change, each state once, with how long it took: `Database
 * (AWS::RDS::DBInstance): created after 6 min 12 s`. What it is given again it does not tell again.
 */
export function createEventPrinter(log: (line: string) => void): (events: StackEvent[]) => void {
  const seen = new Set<string>();
  const begun = new Map<string, { status: string; at: Date }>();
  return (events) => {
    for (const event of events) {
      if (seen.has(event.id) || event.isOfStack) continue;
      seen.add(event.id);
      const before = begun.get(event.resource);
      if (event.status === before?.status) continue;
      log(`${event.resource} (${event.type}): ${sayState(event, before?.at)}`);
      begun.set(event.resource, event);
    }
  };
}

function sayState({ status, reason, at }: StackEvent, since: Date | undefined): string {
  const [, action = '', phase] = /^([A-Z]+)_(IN_PROGRESS|COMPLETE)$/.exec(status) ?? [];
  const after = since ? ` after ${sayDuration(Number(at) - Number(since))}` : '';
  if (phase === 'COMPLETE' && DONE[action]) return `${DONE[action]}${after}`;
  if (phase === 'IN_PROGRESS' && DOING[action]) return DOING[action];
  if (status === 'DELETE_SKIPPED') return 'kept';
  return reason === null ? status : `${status}: ${reason.replace(/\s+/g, ' ')}`;
}

/** A time that something took: `45 s`, `6 min 12 s`. */
function sayDuration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  return s < 60 ? `${s} s` : `${Math.floor(s / 60)} min ${s % 60} s`;
}
