import { ADDRESS_HOUR, GP3_GB_MONTH, SNAPSHOT_GB_MONTH } from '../../aws/prices.ts';

export { HOURS_A_MONTH, INSTANCE_HOUR, PRICED_IN, PRICED_REGION } from '../../aws/prices.ts';

/**
 * Dollars an hour for a MySQL of RDS in one zone, on demand, by its class, in us-east-1; in two zones it is
 * twice that. https://aws.amazon.com/rds/mysql/pricing/ says what holds today; the t4g's were compared with
 * AWS's price list in September 2026, the others are as others list them.
 */
export const DATABASE_HOUR: Record<string, number> = {
  'db.t3.micro': 0.017,
  'db.t3.small': 0.034,
  'db.t3.medium': 0.068,
  'db.t4g.micro': 0.016,
  'db.t4g.small': 0.032,
  'db.t4g.medium': 0.065,
};

/** Dollars in us-east-1 for all else of a stack, by what is paid for: each with where and when it was read. */
export const PRICES = {
  /** An application load balancer, and what it carries: AWS's own page in September 2026. */
  balancerHour: 0.0225,
  balancerUnitHour: 0.008,
  /** A public IPv4 address: AWS's own announcement, in force since February 2024. */
  addressHour: ADDRESS_HOUR,
  /** AWS's own page in September 2026. */
  secretMonth: 0.4,
  /** For each metric that an alarm looks at: as others list it. */
  alarmMonth: 0.1,
  /** A disk or another volume, gp3: as others listed it in June 2026. */
  volumeGbMonth: GP3_GB_MONTH,
  snapshotGbMonth: SNAPSHOT_GB_MONTH,
  /** The database's storage, gp3, in one zone: compared with AWS's price list in September 2026. */
  databaseGbMonth: 0.115,
  /** Its snapshots, beyond as much as the database has storage: as others listed it in June 2026. */
  databaseSnapshotGbMonth: 0.095,
  /** S3: compared with AWS's price list in September 2026. */
  bucketGbMonth: 0.023,
};
