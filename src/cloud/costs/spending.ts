import {
  GetCostAndUsageCommand,
  type GetCostAndUsageCommandInput,
} from '@aws-sdk/client-cost-explorer';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';
import { alignColumns } from '../../cli/table.ts';
import type { CloudContext } from '../context.ts';
import { STACK_TAG } from '../stack/stack.ts';

/** The costs of an account in one month, before credits and refunds. */
export interface MonthlySpending {
  /** Such as `2026-11`. */
  month: string;
  /** The costs that AWS assigns to the stack: dollars by the name of AWS's service. */
  ofStack: Map<string, number>;
  /** The costs of the whole account, in dollars. */
  total: number;
  /** Whether AWS assigns costs to any stack of MiniTwit. */
  hasTag: boolean;
}

/**
 * Returns the request for the costs of the last month and of this month until today, by stack and service. Cost
 * Explorer charges for each request.
 */
export function spendingRequest(now: Date): GetCostAndUsageCommandInput {
  const month = (offset: number) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset)).toISOString();
  return {
    // The end is exclusive. AWS accepts an end in the future.
    TimePeriod: { Start: month(-1).slice(0, 10), End: month(1).slice(0, 10) },
    Granularity: 'MONTHLY',
    Metrics: ['UnblendedCost'],
    // Credits of a new account would hide the costs that come after them.
    Filter: {
      Not: { Dimensions: { Key: 'RECORD_TYPE', Values: ['Credit', 'Refund'] } },
    },
    GroupBy: [
      { Type: 'TAG', Key: STACK_TAG },
      { Type: 'DIMENSION', Key: 'SERVICE' },
    ],
  };
}

const resultSchema = z.object({
  TimePeriod: z.object({ Start: z.string() }),
  Groups: z
    .array(
      z.object({
        // The key of a tag is `minitwit:stack$minitwit`, and `minitwit:stack$` without a tag.
        Keys: z.tuple([z.string(), z.string()]),
        Metrics: z.object({ UnblendedCost: z.object({ Amount: z.coerce.number() }) }),
      }),
    )
    .default([]),
});

/** Requests the costs of the last month and of this month from Cost Explorer, oldest first. */
export async function readSpending(
  { clients, stackName }: CloudContext,
  input: GetCostAndUsageCommandInput,
): Promise<MonthlySpending[]> {
  const request = clients.costExplorer.send(new GetCostAndUsageCommand(input));
  const { ResultsByTime = [] } = await withAwsError('Cannot read the costs', request);
  return z
    .array(resultSchema)
    .parse(ResultsByTime)
    .map(({ TimePeriod, Groups }) => {
      const groups = Groups.map(({ Keys: [tag, service], Metrics }) => ({
        owner: tag.slice(STACK_TAG.length + 1),
        service,
        dollars: Metrics.UnblendedCost.Amount,
      }));
      const own = groups.filter(({ owner }) => owner === stackName);
      return {
        month: TimePeriod.Start.slice(0, 7),
        ofStack: new Map(own.map(({ service, dollars }) => [service, dollars])),
        total: groups.reduce((sum, { dollars }) => sum + dollars, 0),
        hasTag: groups.some(({ owner }) => owner !== ''),
      };
    });
}

/** Returns a table of the spending by service and month, most expensive service first, with totals. */
export function formatSpending(months: MonthlySpending[]): string[] {
  const sum = (service: string) =>
    months.reduce((dollars, { ofStack }) => dollars + (ofStack.get(service) ?? 0), 0);
  const services = [...new Set(months.flatMap(({ ofStack }) => [...ofStack.keys()]))];
  const row = (title: string, dollarsOf: (month: MonthlySpending) => number) => [
    title,
    ...months.map((month) => `$${dollarsOf(month).toFixed(2)}`.padStart(8)),
  ];
  return alignColumns([
    ['', ...months.map(({ month }) => month.padStart(8))],
    ...services
      .toSorted((a, b) => sum(b) - sum(a))
      .map((service) => row(service, ({ ofStack }) => ofStack.get(service) ?? 0)),
    row('total of the stack', ({ ofStack }) =>
      [...ofStack.values()].reduce((total, dollars) => total + dollars, 0),
    ),
    row('total of the account', ({ total }) => total),
  ]);
}
