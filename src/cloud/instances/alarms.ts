import {
  type CloudWatchClient,
  DescribeAlarmHistoryCommand,
  paginateDescribeAlarms,
} from '@aws-sdk/client-cloudwatch';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';
import { listItems } from '../../aws/pages.ts';

const alarmSchema = z
  .object({
    AlarmName: z.string(),
    StateValue: z.string(),
    AlarmDescription: z.string().default(''),
    StateTransitionedTimestamp: z.date().optional(),
  })
  .transform((it) => ({
    name: it.AlarmName,
    /** `OK`, `ALARM` or `INSUFFICIENT_DATA`. */
    state: it.StateValue,
    /** The description in the template. */
    about: it.AlarmDescription,
    /** When the alarm entered its state, or null. */
    since: it.StateTransitionedTimestamp ?? null,
  }));

/** An alarm of CloudWatch. */
export type Alarm = z.infer<typeof alarmSchema>;

/** Lists the alarms of these names. Names without an alarm are ignored. */
export async function listAlarms(cloudWatch: CloudWatchClient, names: string[]): Promise<Alarm[]> {
  // AWS takes an empty list for all alarms of the account.
  if (names.length === 0) return [];
  return listItems(
    'Cannot list the alarms',
    paginateDescribeAlarms({ client: cloudWatch }, { AlarmNames: names }),
    ({ MetricAlarms }) => MetricAlarms,
    alarmSchema,
  );
}

const alarmChangeSchema = z
  .object({ AlarmName: z.string(), Timestamp: z.date(), HistorySummary: z.string() })
  .transform((it) => ({
    name: it.AlarmName,
    at: it.Timestamp,
    /** AWS's description: `Alarm updated from OK to ALARM`. */
    summary: it.HistorySummary,
  }));

/** A change of the state of an alarm. */
export type AlarmChange = z.infer<typeof alarmChangeSchema>;

/** Lists the last changes of an alarm's state, newest first, `max` at most. */
export async function listAlarmChanges(
  cloudWatch: CloudWatchClient,
  name: string,
  max: number,
): Promise<AlarmChange[]> {
  const request = cloudWatch.send(
    new DescribeAlarmHistoryCommand({
      AlarmName: name,
      HistoryItemType: 'StateUpdate',
      MaxRecords: max,
    }),
  );
  const response = await withAwsError(`Cannot read the history of the alarm ${name}`, request);
  return z.array(alarmChangeSchema).parse(response.AlarmHistoryItems ?? []);
}
