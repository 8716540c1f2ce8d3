import { alignColumns } from '../../cli/table.ts';
import { formatTime } from '../../cli/times.ts';
import { type Alarm, type AlarmChange, listAlarms, listAlarmChanges } from '../instances/alarms.ts';
import { createSection } from './section.ts';
import type { StatusContext } from './status-context.ts';

const CHANGES_MAX = 5;

/** The alarms of the stack. */
interface AlarmsReport {
  alarms: Alarm[];
  /** The last changes of all alarms' states, newest first. */
  changes: AlarmChange[];
}

/** The active alarms, and the last changes of all alarms. */
export const alarmsSection = createSection(readAlarmsReport, formatAlarmsReport);

async function readAlarmsReport({
  clients: { cloudWatch },
  listResources,
}: StatusContext): Promise<AlarmsReport> {
  const resources = await listResources();
  const names = resources
    .filter((it) => it.type === 'AWS::CloudWatch::Alarm' && it.id)
    .map((it) => it.id);
  const alarms = await listAlarms(cloudWatch, names);
  const changes = await Promise.all(
    alarms.map(({ name }) => listAlarmChanges(cloudWatch, name, CHANGES_MAX)),
  );
  const newest = changes.flat().toSorted((a, b) => Number(b.at) - Number(a.at));
  return { alarms, changes: newest.slice(0, CHANGES_MAX) };
}

function formatAlarmsReport({ alarms, changes }: AlarmsReport): string[] {
  const active = alarms.filter(({ state }) => state === 'ALARM');
  return [
    ...active.map((it) => `${it.name}: ${it.about}${it.since ? `, ${formatTime(it.since)}` : ''}`),
    ...(active.length === 0 ? [`none of ${alarms.length} in ALARM`] : []),
    ...alignColumns(changes.map(({ at, name, summary }) => [formatTime(at), name, summary])),
  ];
}
