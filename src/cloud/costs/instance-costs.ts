import { HOURS_A_MONTH, INSTANCE_HOUR } from '../../aws/prices.ts';
import { listTypeNames } from '../stack/instance-types.ts';
import { PRICES } from './prices.ts';

/** The root volume of Amazon Linux. */
export const DISK_GIB = 8;
// A policy has one alarm that adds instances, and one that removes them.
const SCALING_ALARMS = 4;

/** A cost of the stack. */
export interface Cost {
  about: string;
  /** Dollars per hour, or null if the price is unknown. */
  hourly: number | null;
}

type Parameters = Record<string, string>;

/** Lists the costs of the instances that always run. With the market `spot`, one of them is on demand. */
export function listInstanceCosts({ InstanceCount, Market, ...parameters }: Parameters): Cost[] {
  const count = Number(InstanceCount);
  const { names, price } = readTypes(parameters);
  const atMost = names.length > 1 ? ': at most' : '';
  const any = formatAlternatives(names);
  if (Market !== 'spot' || count === 1) {
    return [{ about: `${count} ${any}, on demand${atMost}`, hourly: times(count, price) }];
  }
  return [
    { about: `1 ${any}, on demand${atMost}`, hourly: times(1, price) },
    { about: `${count - 1} ${any}, spot: at most`, hourly: times(count - 1, price) },
  ];
}

/** Lists the costs of the instances that run only under load, and of the alarms that start them. */
export function listScalingCosts({
  InstanceCount,
  InstanceMaxCount,
  ...others
}: Parameters): Cost[] {
  const more = Number(InstanceMaxCount ?? 0) - Number(InstanceCount);
  if (more <= 0) return [];
  const { price } = readTypes(others);
  const fixed = toHourly(DISK_GIB * PRICES.volumeGbMonth) + PRICES.addressHour;
  return [
    {
      about: `${more} more under load, with disks and addresses: at most`,
      hourly: times(more, price === undefined ? undefined : price + fixed),
    },
    {
      about: `${SCALING_ALARMS} alarms of the scaling policies`,
      hourly: toHourly(SCALING_ALARMS * PRICES.alarmMonth),
    },
  ];
}

/** Returns the names of the types, and the highest of their hourly prices, since AWS chooses among them. */
function readTypes({ InstanceTypes, InstanceType = '' }: Parameters) {
  // A stack of an earlier version has one InstanceType.
  const names = listTypeNames(InstanceTypes ?? InstanceType);
  const prices = names.map((name) => INSTANCE_HOUR[name] ?? NaN);
  const highest = Math.max(...prices);
  return { names, price: Number.isNaN(highest) ? undefined : highest };
}

function formatAlternatives(names: string[]): string {
  if (names.length === 1) return names.join();
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/** Returns a multiple of a price, or null if the price is unknown. */
export function times(count: number, price: number | undefined): number | null {
  return price === undefined ? null : count * price;
}

/** Returns the dollars per hour of a monthly price. */
export function toHourly(dollars: number): number {
  return dollars / HOURS_A_MONTH;
}
