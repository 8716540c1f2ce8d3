import { HOURS_A_MONTH } from '../../src/aws/prices.ts';
import { monthlyBalancerCost, monthlyInstanceCost } from '../../src/cloud/costs/priced-resource.ts';
import { DATABASE_HOUR, PRICES } from '../../src/cloud/costs/prices.ts';
import { REQUESTS_PER_THOUSAND } from '../soak.ts';
import { type Cost, type Costs, type Setup, SETUPS } from './costs.ts';

/** The users of a site, and what they do. */
export interface Load {
  users: number;
  /** The share of the users who come on a day. */
  activeShare: number;
  /** The number of posts, pages and logins of each of them on that day. */
  posts: number;
  pages: number;
  logins: number;
  /** The rate of the busiest hour, as a multiple of the average. */
  peak: number;
}

/** The servers that a load needs, and their cost. */
export interface Plan {
  postsPerS: number;
  pagesPerS: number;
  setup: Setup;
  instances: number;
  databaseClass: string;
  replicas: number;
  /** The connections of all instances to the writer, with those of replacements during a deployment. */
  connections: number;
  /** The processor time of the writer at the peak, as a share of what its class has. */
  writerUse: number;
  /** The dollars a month of each part. */
  monthly: {
    instances: number;
    databases: number;
    storage: number;
    redis: number;
    traffic: number;
  };
}

/** The day of the users of every load here. */
export const DAY: Omit<Load, 'users'> = {
  activeShare: 0.2,
  posts: 2,
  pages: 50,
  logins: 0.1,
  peak: 4.3,
};

const S_A_DAY = 86_400;
const DAYS_A_MONTH = 30;
const WRITES = new Set(['Posting', 'Following', 'Login']);
// Half is left for peaks within the hour, and for the load of an instance or a replica that fails.
const USE_MAX = 0.5;
const INSTANCE_TYPE = 'm7g.large';
const INSTANCE_CORES = 2;
const INSTANCES_MIN = 2;
const CONNECTIONS_PER_INSTANCE = 10;
const REPLICAS_MAX = 15;
// Larger classes exist, but whether one MySQL makes use of more cores was not measured.
// The small classes have a tenth, and a fifth, of their two cores all the time.
const CLASSES = [
  { name: 'db.t4g.micro', cores: 0.2, memoryGb: 1 },
  { name: 'db.t4g.medium', cores: 0.4, memoryGb: 4 },
  { name: 'db.r7g.large', cores: 2, memoryGb: 16 },
  { name: 'db.r7g.xlarge', cores: 4, memoryGb: 32 },
  { name: 'db.r7g.2xlarge', cores: 8, memoryGb: 64 },
  { name: 'db.r7g.4xlarge', cores: 16, memoryGb: 128 },
  { name: 'db.r7g.8xlarge', cores: 32, memoryGb: 256 },
];
// A primary and a replica of the class cache.t4g.small, by a list that was not compared with AWS's.
const REDIS_NODES = 2;
const REDIS_NODE_HOUR = 0.032;
// Dollars for each GB that leaves AWS, by the GB of a month. The first 100 GB cost nothing.
const TRAFFIC_TIERS = [
  { upToGb: 100, price: 0 },
  { upToGb: 10_240, price: 0.09 },
  { upToGb: 51_200, price: 0.085 },
  { upToGb: 153_600, price: 0.07 },
  { upToGb: Infinity, price: 0.05 },
];
// By information_schema.tables, for the benchmark's data set S with 43 follows of each user: a message, and the rows of a
// user in all other tables, with their indexes.
const BYTES_PER_MESSAGE = 190;
const BYTES_PER_USER = 5000;
// The rows of the users who come on a day are in memory.
const MEMORY_USE_MAX = 0.6;
const STORED_DAYS = 365;
const STORAGE_MIN_GB = 20;

type DatabaseClass = (typeof CLASSES)[number];

/** The rates of a load at its peak, per second. */
interface Rates {
  posts: number;
  pages: number;
  logins: number;
}

/**
 * Returns the cheapest plan for a load.
 * @throws Error if one writer of the largest class is not enough
 */
export function planFor(load: Load, costs: Costs): Plan {
  const plans = SETUPS.flatMap((setup) =>
    CLASSES.flatMap((databaseClass) => planWith(load, costs, { setup, databaseClass }) ?? []),
  );
  const [cheapest] = plans.toSorted((a, b) => sumMonthly(a) - sumMonthly(b));
  if (!cheapest)
    throw new Error(
      `${load.users} users need more memory or processor time than one writer of the largest class has.`,
    );
  return cheapest;
}

/** Returns the dollars a month of all parts of a plan. */
export function sumMonthly({ monthly }: Plan): number {
  return Object.values(monthly).reduce((sum, dollars) => sum + dollars, 0);
}

/** Returns null if the class is too small, with any number of replicas. */
function planWith(
  load: Load,
  costs: Costs,
  { setup, databaseClass }: { setup: Setup; databaseClass: DatabaseClass },
): Plan | null {
  const rates = peakRates(load);
  const page = meanPage(costs, setup);
  const post = costOf(costs, 'Posting', setup);
  const login = costOf(costs, 'Login', setup);
  const needCores = (of: (cost: Cost) => number) =>
    (rates.pages * of(page) + rates.posts * of(post) + rates.logins * of(login)) / 1e6;
  const writerUse = needCores(({ writerUs }) => writerUs) / databaseClass.cores;
  // Every replica executes every write, and all of them share the reads. Alone, a replica only executes.
  const writeUs = (name: string) => costOf(costs, name, 'alone').replicaUs;
  const writeCores = (rates.posts * writeUs('Posting') + rates.logins * writeUs('Login')) / 1e6;
  const readCores = needCores(({ replicaUs }) => replicaUs) - writeCores;
  const replicas =
    setup === 'alone' ? 0 : Math.ceil(readCores / (databaseClass.cores * USE_MAX - writeCores));
  const memoryUse =
    (load.users * load.activeShare * BYTES_PER_USER) / (databaseClass.memoryGb * 1e9);
  if (memoryUse > MEMORY_USE_MAX || writerUse > USE_MAX) return null;
  if (replicas < 0 || replicas > REPLICAS_MAX) return null;
  const webCores = needCores(({ webUs }) => webUs);
  const instances = Math.max(INSTANCES_MIN, Math.ceil(webCores / (INSTANCE_CORES * USE_MAX)));
  return {
    postsPerS: rates.posts,
    pagesPerS: rates.pages,
    setup,
    instances,
    databaseClass: databaseClass.name,
    replicas,
    // A deployment replaces each instance while the old one still serves.
    connections: 2 * instances * CONNECTIONS_PER_INSTANCE,
    writerUse,
    monthly: {
      instances: instances * (monthlyInstanceCost(INSTANCE_TYPE) ?? Number.NaN),
      // The writer has a standby in another zone.
      databases: (2 + replicas) * hourlyOf(databaseClass) * HOURS_A_MONTH,
      storage: (2 + replicas) * storageGb(load) * PRICES.databaseGbMonth,
      redis: setup === 'redis' ? REDIS_NODES * REDIS_NODE_HOUR * HOURS_A_MONTH : 0,
      traffic: monthlyBalancerCost() + trafficCost(trafficGb(load, page)),
    },
  };
}

function peakRates({ users, activeShare, posts, pages, logins, peak }: Load): Rates {
  const perS = (aDay: number) => (users * activeShare * aDay * peak) / S_A_DAY;
  return { posts: perS(posts), pages: perS(pages), logins: perS(logins) };
}

/** Returns the mean cost of the pages, in the mix of the memory benchmark. */
function meanPage(costs: Costs, setup: Setup): Cost {
  const pages = costs.pages
    .filter(({ name }) => !WRITES.has(name))
    .map(({ name, setups }) => ({ cost: setups[setup], share: REQUESTS_PER_THOUSAND[name] ?? 0 }));
  const all = pages.reduce((sum, { share }) => sum + share, 0);
  const mean = (of: (cost: Cost) => number) =>
    pages.reduce((sum, { cost, share }) => sum + of(cost) * (share / all), 0);
  return {
    webUs: mean(({ webUs }) => webUs),
    writerUs: mean(({ writerUs }) => writerUs),
    replicaUs: mean(({ replicaUs }) => replicaUs),
    bytes: mean(({ bytes }) => bytes),
  };
}

function costOf({ pages }: Costs, name: string, setup: Setup): Cost {
  const page = pages.find((each) => each.name === name);
  if (!page) throw new Error(`${name} was not measured.`);
  return page.setups[setup];
}

/** Returns the size of all users and of the messages of a year. */
function storageGb({ users, activeShare, posts }: Load): number {
  const messages = users * activeShare * posts * STORED_DAYS;
  const bytes = messages * BYTES_PER_MESSAGE + users * BYTES_PER_USER;
  return Math.max(STORAGE_MIN_GB, bytes / 1e9);
}

/** Returns the dollars for the gigabytes that leave AWS in a month, with the load balancer's part. */
function trafficCost(gb: number): number {
  let dollars = gb * PRICES.balancerUnitHour;
  let fromGb = 0;
  for (const { upToGb, price } of TRAFFIC_TIERS) {
    dollars += Math.max(0, Math.min(gb, upToGb) - fromGb) * price;
    fromGb = upToGb;
  }
  return dollars;
}

function hourlyOf({ name }: DatabaseClass): number {
  return DATABASE_HOUR[name] ?? Number.NaN;
}

function trafficGb({ users, activeShare, pages }: Load, page: Cost): number {
  return (users * activeShare * pages * DAYS_A_MONTH * page.bytes) / 1e9;
}
