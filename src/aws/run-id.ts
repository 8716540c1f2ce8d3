import { randomBytes } from 'node:crypto';

/** A new run's id, its time and some chance: `20261123T001500Z-3f9a`. As text, later ones are greater. */
export function createRunId(startedAt: Date): string {
  const time = startedAt.toISOString().replace(/[-:]|\.\d+/g, '');
  return `${time}-${randomBytes(2).toString('hex')}`;
}
