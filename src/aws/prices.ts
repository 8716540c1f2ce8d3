/** The hours per month, as AWS's pricing calculator counts. */
export const HOURS_A_MONTH = 730;

/** The region of all prices here. Prices of other regions are similar. */
export const PRICED_REGION = 'us-east-1';

/** The year of these prices. */
export const PRICED_IN = '2026';

/**
 * Dollars per hour of an on-demand Linux instance in us-east-1, by type. Spot prices are lower, and change. Current
 * prices: https://aws.amazon.com/ec2/pricing/on-demand/. Sources: https://instances.vantage.sh in July 2026 (t3, t4g),
 * other lists in June 2026 (all others).
 */
export const INSTANCE_HOUR: Record<string, number> = {
  't2.micro': 0.0116,
  't2.small': 0.023,
  't3a.micro': 0.0094,
  't3a.small': 0.0188,
  't3.nano': 0.0052,
  't3.micro': 0.0104,
  't3.small': 0.0208,
  't3.medium': 0.0416,
  't3.large': 0.0832,
  't4g.nano': 0.0042,
  't4g.micro': 0.0084,
  't4g.small': 0.0168,
  't4g.medium': 0.0336,
  't4g.large': 0.0672,
  'm6i.large': 0.096,
  'm6i.xlarge': 0.192,
  'm7g.large': 0.0816,
  'r6i.large': 0.126,
  'r6i.xlarge': 0.252,
};

/** Dollars per month and GB of a gp3 volume: https://aws.amazon.com/ebs/pricing/. */
export const GP3_GB_MONTH = 0.08;

const VOLUME_GB_MONTH: Record<string, number> = { gp2: 0.1, gp3: GP3_GB_MONTH };

/** Dollars per month and GB stored in EBS snapshots. */
export const SNAPSHOT_GB_MONTH = 0.05;

/** Dollars per hour of a public IPv4 address, in every region. */
export const ADDRESS_HOUR = 0.005;

/** Returns the dollars per hour of an on-demand instance, or null for a type without a known price. */
export function instancePrice(type: string): number | null {
  return INSTANCE_HOUR[type] ?? null;
}

/** Returns the dollars per hour of a volume, attached or not, or null for a type without a known price. */
export function volumePrice(type: string, sizeGib: number): number | null {
  const price = VOLUME_GB_MONTH[type];
  return price === undefined ? null : (price * sizeGib) / HOURS_A_MONTH;
}
