import { HOURS_A_MONTH, PRICED_IN, PRICED_REGION } from '../../aws/prices.ts';
import { alignColumns } from '../../cli/table.ts';
import {
  type Cost,
  DISK_GIB,
  listInstanceCosts,
  listScalingCosts,
  toHourly,
  times,
} from './instance-costs.ts';
import { DATABASE_HOUR, PRICES } from './prices.ts';

/** The public addresses of the load balancer, one in each of its subnets. */
export const BALANCER_ADDRESSES = 2;
// The passwords of the database's three users, and the secret of the sessions.
const SECRETS = 4;
const ALARMS = 10;
// AWS charges for metrics, of which one alarm can have several.
const ALARM_METRICS = 12;
// The load balancer writes a file of each of its addresses every five minutes.
const LOG_FILES_MONTH = (BALANCER_ADDRESSES * 30 * 24 * 60) / 5;
// A line of the log has about 1.5 KB, so these are 600,000 requests a month.
const LOG_GB = 1;

/** Lists the costs of a stack with these parameters. */
export function listCosts(parameters: Record<string, string>): Cost[] {
  const count = Number(parameters.InstanceCount);
  return [
    ...listInstanceCosts(parameters),
    {
      about: `${count} × disk of ${DISK_GIB} GiB`,
      hourly: toHourly(count * DISK_GIB * PRICES.volumeGbMonth),
    },
    ...listDatabaseCosts(parameters),
    { about: 'load balancer, without traffic', hourly: PRICES.balancerHour },
    {
      about: `${count + BALANCER_ADDRESSES} public addresses`,
      hourly: (count + BALANCER_ADDRESSES) * PRICES.addressHour,
    },
    { about: `${SECRETS} secrets`, hourly: toHourly(SECRETS * PRICES.secretMonth) },
    {
      about: `server log of ${LOG_GB} GB, an estimate, and the metric of memory`,
      hourly: toHourly(LOG_GB * PRICES.logGb + PRICES.metricMonth),
    },
    {
      about: `${ALARMS} alarms on ${ALARM_METRICS} metrics`,
      hourly: toHourly(ALARM_METRICS * PRICES.alarmMonth),
    },
    ...listBalancerOptionCosts(parameters),
    ...listScalingCosts(parameters),
    ...listWarehouseCosts(parameters),
  ];
}

/** Lists the costs of the warehouse without those of its runs. */
function listWarehouseCosts(parameters: Record<string, string>): Cost[] {
  const { WarehouseVolumeGib: gib = '0', WarehouseSchedule } = parameters;
  if (gib === '0') return [];
  return [
    {
      about: `warehouse’s volume of ${gib} GiB`,
      hourly: toHourly(Number(gib) * PRICES.volumeGbMonth),
    },
    ...(WarehouseSchedule
      ? [
          {
            about: 'alarm of scheduled runs, and its metric',
            hourly: toHourly(PRICES.alarmMonth + PRICES.metricMonth),
          },
        ]
      : []),
  ];
}

/** Lists the costs of the database and of its storage at its largest size. */
function listDatabaseCosts(parameters: Record<string, string>): Cost[] {
  const { DatabaseClass = '', DatabaseMultiAz } = parameters;
  const zones = DatabaseMultiAz === 'yes' ? 2 : 1;
  const zoned = zones === 2 ? ', in two zones' : '';
  const storageGib = Number(parameters.DatabaseStorageGib);
  const maxGib = Math.max(storageGib, Number(parameters.DatabaseStorageMaxGib ?? 0));
  const growth = maxGib > storageGib ? `, which can grow to ${maxGib}: at most` : '';
  return [
    {
      about: `database ${DatabaseClass}${zoned}`,
      hourly: times(zones, DATABASE_HOUR[DatabaseClass]),
    },
    {
      about: `database storage of ${storageGib} GiB, with backups${zoned}${growth}`,
      hourly: toHourly(zones * maxGib * PRICES.databaseGbMonth),
    },
    ...listReplicaCosts(parameters, maxGib),
  ];
}

/** Lists the costs of read replicas and of their alarm. A replica grows with the data of the database. */
function listReplicaCosts(
  { ReadReplicas = '0', DatabaseClass = '' }: Record<string, string>,
  gib: number,
): Cost[] {
  const count = Number(ReadReplicas);
  if (count === 0) return [];
  return [
    {
      about: `${count} × read replica ${DatabaseClass}`,
      hourly: times(count, DATABASE_HOUR[DatabaseClass]),
    },
    {
      about: `${count} × read replica storage of ${gib} GiB, with an alarm: at most`,
      hourly: toHourly(count * (gib * PRICES.databaseGbMonth + PRICES.alarmMonth)),
    },
  ];
}

/** Lists the costs of the options of the load balancer. */
function listBalancerOptionCosts(parameters: Record<string, string>): Cost[] {
  const { Domain, CertificateArn, RequestsPerAddress = '0', AccessLogs } = parameters;
  const costs: [isUsed: boolean, about: string, monthly: number][] = [
    [Boolean(Domain || CertificateArn), 'alarm of the certificate', PRICES.alarmMonth],
    [RequestsPerAddress !== '0', 'firewall, without requests', PRICES.firewallMonth],
    [AccessLogs === 'yes', 'access logs, without storage', LOG_FILES_MONTH * PRICES.bucketPut],
  ];
  return costs
    .filter(([isUsed]) => isUsed)
    .map(([, about, dollars]) => ({ about, hourly: toHourly(dollars) }));
}

/** Returns a table of costs per hour and month, with the total. */
export function formatCosts(costs: Cost[]): string[] {
  const sum = costs.reduce((total, { hourly }) => total + (hourly ?? 0), 0);
  const isComplete = costs.every(({ hourly }) => hourly !== null);
  return [
    ...alignColumns([
      ['', 'AN HOUR', 'A MONTH'],
      ...costs.map(formatCost),
      formatCost({ about: isComplete ? 'total' : 'total without unknown prices', hourly: sum }),
    ]),
    `Prices of ${PRICED_IN} in ${PRICED_REGION}, without traffic, and without the free plan of new accounts.`,
  ];
}

function formatCost({ about, hourly }: Cost): string[] {
  if (hourly === null) return [about, 'unknown'];
  return [about, `$${hourly.toFixed(4)}`, `$${(hourly * HOURS_A_MONTH).toFixed(2)}`.padStart(7)];
}

/** Returns a maximum cost per month, such as `at most $1.20 a month`. */
export function formatMonthlyCost(dollars: number | null): string {
  if (dollars === null) return 'price unknown';
  return dollars < 0.01 ? 'less than $0.01 a month' : `at most $${dollars.toFixed(2)} a month`;
}
