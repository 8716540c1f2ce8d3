import { alignColumns } from '../../cli/table.ts';
import { formatTime } from '../../cli/times.ts';
import { listAlarms, listAlarmChanges } from '../instances/alarms.ts';
import type { CloudContext } from '../context.ts';
import { listResources } from '../stack/resources.ts';
import type { Stack } from '../stack/stack.ts';

const CHANGES_MAX = 5;

/** Returns the active alarms, and the last changes of all alarms. */
export async function formatAlarms(cloud: CloudContext, { id }: Stack): Promise<string[]> {
  const { cloudWatch } = cloud.clients;
  const resources = await listResources(cloud, id);
  const names = resources
    .filter((it) => it.type === 'AWS::CloudWatch::Alarm' && it.id)
    .map((it) => it.id);
  const alarms = await listAlarms(cloudWatch, names);
  const changes = await Promise.all(
    alarms.map(({ name }) => listAlarmChanges(cloudWatch, name, CHANGES_MAX)),
  );
  const last = changes.flat().toSorted((a, b) => Number(b.at) - Number(a.at));
  const alarmed = alarms.filter(({ state }) => state === 'ALARM');
  return [
    ...alarmed.map((it) => `${it.name}: ${it.about}${it.since ? `, ${formatTime(it.since)}` : ''}`),
    ...(alarmed.length === 0 ? [`none of ${alarms.length} in ALARM`] : []),
    ...alignColumns(
      last.slice(0, CHANGES_MAX).map(({ at, name, summary }) => [formatTime(at), name, summary]),
    ),
  ];
}
