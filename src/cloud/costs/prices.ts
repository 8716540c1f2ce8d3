import { ADDRESS_HOUR, GP3_GB_MONTH, SNAPSHOT_GB_MONTH } from '../../aws/prices.ts';

/**
 * Dollars per hour of an on-demand RDS MySQL database in one zone of us-east-1, by class. Two zones cost twice as much.
 * Current prices: https://aws.amazon.com/rds/mysql/pricing/. Sources: AWS's price list in September 2026 (t4g), other
 * lists (t3), lists that were not compared with AWS's (r7g).
 */
export const DATABASE_HOUR: Record<string, number> = {
  'db.t3.micro': 0.017,
  'db.t3.small': 0.034,
  'db.t3.medium': 0.068,
  'db.t4g.micro': 0.016,
  'db.t4g.small': 0.032,
  'db.t4g.medium': 0.065,
  'db.r7g.large': 0.239,
  'db.r7g.xlarge': 0.478,
  'db.r7g.2xlarge': 0.956,
  'db.r7g.4xlarge': 1.912,
  'db.r7g.8xlarge': 3.824,
};

/** Dollars in us-east-1 for all other parts of a stack, each with its source and date. */
export const PRICES = {
  /** An application load balancer and its traffic: AWS's page in September 2026. */
  balancerHour: 0.0225,
  balancerUnitHour: 0.008,
  /** A public IPv4 address: AWS's announcement, in force since February 2024. */
  addressHour: ADDRESS_HOUR,
  /** AWS's page in September 2026. */
  secretMonth: 0.4,
  /** A metric of an alarm: third-party lists. */
  alarmMonth: 0.1,
  /** A gigabyte that CloudWatch Logs receives: third-party lists in August 2026. */
  logGb: 0.5,
  /** A metric that the CloudWatch agent sends: third-party lists in August 2026. */
  metricMonth: 0.3,
  /** A root volume or another gp3 volume: third-party lists in June 2026. */
  volumeGbMonth: GP3_GB_MONTH,
  snapshotGbMonth: SNAPSHOT_GB_MONTH,
  /** The database's gp3 storage in one zone: AWS's price list in September 2026. */
  databaseGbMonth: 0.115,
  /** The database's snapshots, beyond the size of its storage: third-party lists in June 2026. */
  databaseSnapshotGbMonth: 0.095,
  /** A request to Cost Explorer: AWS's questions and answers on Cost Explorer. */
  costExplorerRequest: 0.01,
  /** S3: AWS's price list in September 2026. */
  bucketGbMonth: 0.023,
  /** A file that S3 receives: third-party lists in August 2026. */
  bucketPut: 0.000005,
  /** A web ACL of AWS WAF ($5) with one rule ($1), and a million requests: AWS's page, unchanged since 2019. */
  firewallMonth: 6,
  firewallMillion: 0.6,
};
