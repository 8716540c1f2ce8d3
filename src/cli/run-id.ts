import { randomBytes } from 'node:crypto';

/** A new run's id, its time and some chance: `20261123T001500Z-3f9a`. As text, later ones are greater. */
export function createRunId(startedAt: Date): string {
  const time = startedAt.toISOString().replace(/[-:]|\.\d+/g, '');
  return `${time}-${randomBytes(2).toString('hex')}`;
}

/** When the run of an id was begun; null for what is no such id. */
export function parseRunStart(runId: string): Date | null {
  const [, date, time] = /^(\d{8})T(\d{6})Z-[0-9a-f]{4}$/.exec(runId) ?? [];
  if (date === undefined || time === undefined) return null;
  const day = date.replace(/^(\d{4})(\d\d)/, '$1-$2-');
  return new Date(`${day}T${time.replace(/(\d\d)(?=\d)/g, '$1:')}Z`);
}
