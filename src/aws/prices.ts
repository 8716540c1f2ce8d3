/** How many hours a month has, as AWS's own calculator counts. */
export const HOURS_A_MONTH = 730;

/** The one region whose prices are known here; those of others are not far from them. */
export const PRICED_REGION = 'us-east-1';

/** The year of these prices. */
export const PRICED_IN = '2026';

/**
 * Dollars an hour for an instance with Linux, on demand, by its type, in us-east-1; spot costs less, and
 * how much less changes. AWS says what holds today: https://aws.amazon.com/ec2/pricing/on-demand/. These were
 * listed by https://instances.vantage.sh in July 2026 (t3, t4g) and by others in June (the rest).
 */
export const INSTANCE_HOUR: Record<string, number> = {
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

/** What a GB of a volume of type gp3 costs a month: https://aws.amazon.com/ebs/pricing/. */
export const GP3_GB_MONTH = 0.08;

const VOLUME_GB_MONTH: Record<string, number> = { gp2: 0.1, gp3: GP3_GB_MONTH };

/** What a GB that snapshots of volumes hold costs a month. */
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
