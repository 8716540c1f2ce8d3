import { randomBytes } from 'node:crypto';

/**
 * Creates the id of a run: the time of its start in UTC, and two random bytes, as `20261123T001500Z-3f9a`. Ids sort by
 * time.
 */
export function createRunId(startedAt: Date): string {
  const time = startedAt.toISOString().replace(/[-:]|\.\d+/g, '');
  return `${time}-${randomBytes(2).toString('hex')}`;
}

/** Returns the start of the run with this id, to the second. Returns null for a text that is no run id. */
export function parseRunStart(runId: string): Date | null {
  const [, date, time] = /^(\d{8})T(\d{6})Z-[0-9a-f]{4}$/.exec(runId) ?? [];
  if (date === undefined || time === undefined) return null;
  const day = date.replace(/^(\d{4})(\d\d)/, '$1-$2-');
  return new Date(`${day}T${time.replace(/(\d\d)(?=\d)/g, '$1:')}Z`);
}
