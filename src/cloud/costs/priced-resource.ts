import { HOURS_A_MONTH, instancePrice, volumePrice } from '../../aws/prices.ts';
import { BALANCER_ADDRESSES, formatMonthlyCost } from './costs.ts';
import { DISK_GIB } from './instance-costs.ts';
import { DATABASE_HOUR, PRICES } from './prices.ts';

/** A resource that exists, with its cost. */
export interface PricedResource {
  /** A description for people: `the volume vol-1, available`. */
  about: string;
  /** An upper estimate of the cost in dollars per month. 0 if it costs nothing, and null if the price is unknown. */
  monthly: number | null;
}

/** Returns a resource with its cost, if it has one: `the volume vol-1, available (at most $1.60 a month)`. */
export function formatPriced({ about, monthly }: PricedResource): string {
  return monthly === 0 ? about : `${about} (${formatMonthlyCost(monthly)})`;
}

/** Returns the resources that cost, separated by commas, or null if none of them costs. */
export function formatBilled(resources: PricedResource[]): string | null {
  const billed = resources.filter(({ monthly }) => monthly !== 0);
  return billed.length === 0 ? null : billed.map(formatPriced).join(', ');
}

/** Returns the dollars per month of an instance with its disk and public address, or null for an unknown type. */
export function monthlyInstanceCost(type: string): number | null {
  const price = instancePrice(type);
  if (price === null) return null;
  return (price + PRICES.addressHour) * HOURS_A_MONTH + DISK_GIB * PRICES.volumeGbMonth;
}

/** Returns the dollars per month of a volume, or null for an unknown type. */
export function monthlyVolumeCost({
  type,
  sizeGib,
}: {
  type: string;
  sizeGib: number;
}): number | null {
  const hourly = volumePrice(type, sizeGib);
  return hourly === null ? null : hourly * HOURS_A_MONTH;
}

/** Returns the dollars per month of a database and its storage, or null for an unknown class. */
export function monthlyDatabaseCost(database: {
  class: string;
  sizeGib: number;
  isMultiAz: boolean;
}): number | null {
  const hourly = DATABASE_HOUR[database.class];
  if (hourly === undefined) return null;
  const zones = database.isMultiAz ? 2 : 1;
  return zones * (hourly * HOURS_A_MONTH + database.sizeGib * PRICES.databaseGbMonth);
}

/** Returns the dollars per month of a load balancer and its addresses, without traffic. */
export function monthlyBalancerCost(): number {
  return (PRICES.balancerHour + BALANCER_ADDRESSES * PRICES.addressHour) * HOURS_A_MONTH;
}
