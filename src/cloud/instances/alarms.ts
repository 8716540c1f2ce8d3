import {
  type CloudWatchClient,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
} from '@aws-sdk/client-cloudwatch';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';

/** An alarm as it is now. */
export interface Alarm {
  name: string;
  /** `OK`, `ALARM`, or `INSUFFICIENT_DATA`. */
  state: string;
  /** What it is about, in our own words. */
  about: string;
  /** When it came into this state. */
  since: Date | null;
}

const alarmAnswer = z
  .object({
    AlarmName: z.string(),
    StateValue: z.string(),
    AlarmDescription: z.string().default(''),
    StateTransitionedTimestamp: z.date().optional(),
  })
  .transform((it): Alarm => ({
    name: it.AlarmName,
    state: it.StateValue,
    about: it.AlarmDescription,
    since: it.StateTransitionedTimestamp ?? null,
  }));

const alarmsAnswer = z.object({ MetricAlarms: z.array(alarmAnswer).default([]) });

/** The alarms of these names, as far as they are there. */
export async function listAlarms(cloudWatch: CloudWatchClient, names: string[]): Promise<Alarm[]> {
  // none at all would mean every one of the account
  if (names.length === 0) return [];
  const request = cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames: names }));
  return alarmsAnswer.parse(await withAwsError('Cannot look at the alarms', request)).MetricAlarms;
}

/** A change of an alarm's state. */
export interface AlarmChange {
  name: string;
  at: Date;
  /** In AWS's words: `Alarm updated from OK to ALARM`. */
  summary: string;
}

const historyAnswer = z.object({
  AlarmHistoryItems: z
    .array(
      z
        .object({ AlarmName: z.string(), Timestamp: z.date(), HistorySummary: z.string() })
        .transform((it): AlarmChange => ({
          name: it.AlarmName,
          at: it.Timestamp,
          summary: it.HistorySummary,
        })),
    )
    .default([]),
});

/** How an alarm's state changed last, the newest first. */
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
  const answer = await withAwsError(`Cannot look at the history of the alarm ${name}`, request);
  return historyAnswer.parse(answer).AlarmHistoryItems;
}
