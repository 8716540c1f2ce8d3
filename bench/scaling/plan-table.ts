import { formatInteger, formatTable } from '../format.ts';
import type { Costs } from './costs.ts';
import { type Load, type Plan, planFor, sumMonthly } from './plan.ts';

const ROWS: [about: string, value: (plan: Plan) => string][] = [
  ['Pages a second at the peak', ({ pagesPerS }) => formatAmount(pagesPerS)],
  ['Posts a second at the peak', ({ postsPerS }) => formatAmount(postsPerS)],
  ['Instances (m7g.large)', ({ instances }) => formatInteger(instances)],
  ['Writer, with a standby', ({ databaseClass }) => databaseClass],
  ['Use of the writer at the peak', ({ writerUse }) => `${Math.round(writerUse * 100)} %`],
  ['Replicas of the same class', ({ replicas }) => String(replicas)],
  [
    'Limits',
    ({ setup }) => (setup === 'redis' ? 'Redis (cache.t4g.small, twice)' : 'the database'),
  ],
  ['Connections to each server, at most', ({ connections }) => formatInteger(connections)],
  [
    'Instances with disks and addresses, $ a month',
    ({ monthly }) => formatDollars(monthly.instances),
  ],
  ['Databases, $ a month', ({ monthly }) => formatDollars(monthly.databases)],
  ['Storage of a year, $ a month', ({ monthly }) => formatDollars(monthly.storage)],
  ['Redis, $ a month', ({ monthly }) => formatDollars(monthly.redis)],
  ['Load balancer and traffic, $ a month', ({ monthly }) => formatDollars(monthly.traffic)],
  ['Sum, $ a month', (plan) => formatDollars(sumMonthly(plan))],
];

/** Returns a Markdown table with the plan for each load. */
export function formatPlans(loads: Load[], costs: Costs): string {
  const plans = loads.map((load) => planFor(load, costs));
  const rows = ROWS.map(([about, value]) => [about, ...plans.map(value)]);
  return formatTable(['Users', ...loads.map(({ users }) => formatInteger(users))].join('|'), rows);
}

function formatDollars(dollars: number): string {
  return formatInteger(Math.round(dollars));
}

function formatAmount(amount: number): string {
  return amount < 10 ? amount.toFixed(1) : formatInteger(Math.round(amount));
}
