const HOURS_A_MONTH = 730;

/** The one region whose prices are known here; those of others are not far from them. */
export const PRICED_REGION = 'us-east-1';

/** The year of these prices. */
export const PRICED_IN = '2026';

// Dollars an hour for Linux on demand, and a GB-month, in us-east-1. AWS's own pages say what holds today:
// https://aws.amazon.com/ec2/pricing/on-demand/ and https://aws.amazon.com/ebs/pricing/.
const INSTANCE_HOUR: Record<string, number> = {
  't3.micro': 0.0104,
  't3.small': 0.0208,
  't3.medium': 0.0416,
  't3.large': 0.0832,
  'm6i.large': 0.096,
  'm6i.xlarge': 0.192,
  'm7g.large': 0.0816,
  'r6i.large': 0.126,
  'r6i.xlarge': 0.252,
};
const VOLUME_GB_MONTH: Record<string, number> = { gp2: 0.1, gp3: 0.08 };

/** What a GB that snapshots hold costs a month. */
export const SNAPSHOT_GB_MONTH = 0.05;

/** What a public IPv4 address costs an hour, in every region. */
export const ADDRESS_HOUR = 0.005;

/** Dollars an hour for an instance on demand; null for a type whose price is not known. */
export function instancePrice(type: string): number | null {
  return INSTANCE_HOUR[type] ?? null;
}

/** Dollars an hour for a volume, at work or not; null for a type whose price is not known. */
export function volumePrice(type: string, sizeGib: number): number | null {
  const price = VOLUME_GB_MONTH[type];
  return price === undefined ? null : (price * sizeGib) / HOURS_A_MONTH;
}
