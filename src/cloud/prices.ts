/** The region whose prices these are; those of others are not far from them. */
export const PRICED_REGION = 'us-east-1';

/** When these were AWS's prices. */
export const PRICED_IN = '2026';

/** Dollars an hour for an instance on demand, by its type. */
export const INSTANCE_HOUR: Record<string, number> = {
  't3.nano': 0.0052,
  't3.micro': 0.0104,
  't3.small': 0.0208,
  't3.medium': 0.0416,
  't4g.micro': 0.0084,
  't4g.small': 0.0168,
};

/** Dollars an hour for a database in one zone, by its class; in two zones it is twice that. */
export const DATABASE_HOUR: Record<string, number> = {
  'db.t3.micro': 0.017,
  'db.t4g.micro': 0.016,
  'db.t4g.small': 0.032,
  'db.t4g.medium': 0.065,
};

/** Dollars for all else, by what is paid for. */
export const PRICES = {
  addressHour: 0.005,
  balancerHour: 0.0225,
  /** For what the load balancer carries; at rest it is nothing. */
  balancerUnitHour: 0.008,
  alarmMonth: 0.1,
  bucketGbMonth: 0.023,
  databaseGbMonth: 0.115,
  databaseSnapshotGbMonth: 0.095,
  secretMonth: 0.4,
  snapshotGbMonth: 0.05,
  volumeGbMonth: 0.08,
};
