import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { openDatabase } from '../../src/database/database.ts';
import { connectionOptions } from '../../src/database/open-connection.ts';
import { withConnection } from '../../src/database/with-connection.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { useCleanup } from '../support/cleanup.ts';
import { runSql } from '../support/database.ts';
import { reservePort } from '../support/ports.ts';
import { databaseSettings } from '../support/programs.ts';
import { REAL_MYSQL } from '../support/real-mysql.ts';
import { HANG_MS } from '../support/timeouts.ts';
import { waitFor } from '../support/wait-for.ts';
import { createInstance } from './cluster.ts';
import { recordFigures } from './figures.ts';
import { type DatabaseGroup, type Member, type Roles, startGroup } from './group.ts';
import {
  createUsers,
  type Load,
  LOAD_FACTOR,
  type LoadRequest,
  reconcile,
  succeeded,
} from './load.ts';
import { startVisibilityLoad, type VisibilityLoad } from './visibility.ts';

const USERS = 8;
const BACKLOG = 50;

interface Scenario {
  event: string;
  act: (group: DatabaseGroup, roles: Roles) => Promise<void>;
  /** Lets the server on which `act` has acted join the group again. */
  undo: (roles: Roles) => Promise<void>;
}

// Each event takes the role of the primary away.
const FAILOVERS: Scenario[] = [
  failover('another server becomes the primary', {
    act: ({ administrator }, { id }) =>
      runSql(administrator, `select group_replication_set_as_primary('${id}')`),
    undo: async () => undefined,
  }),
  failover('the primary leaves and joins again', {
    act: ({ administrator }) => runSql(administrator, 'stop group_replication'),
    undo: ({ administrator }) => runSql(administrator, 'start group_replication'),
  }),
  failover('the primary is killed and restarted', {
    act: (primary) => primary.signal('SIGKILL'),
    undo: (old) => old.restart(),
  }),
  failover('the primary is frozen and resumed', {
    act: (primary) => primary.signal('SIGSTOP'),
    undo: (old) => old.signal('SIGCONT'),
  }),
];

const FAILURES_OF_REPLICAS: Scenario[] = [
  {
    event: 'a replica is killed and restarted',
    act: (_, { secondaries: [replica] }) => replica.signal('SIGKILL'),
    undo: ({ secondaries: [replica] }) => replica.restart(),
  },
  createLag('a replica lags and catches up', {
    act: (_, { secondaries: [replica] }, { lock }) => lock(replica),
    undo: async () => undefined,
  }),
];

const FAILOVERS_WITH_REPLICAS: Scenario[] = [
  createLag('the primary is killed while others lag', {
    async act(group, { primary, secondaries }, { lock, unlockAll }) {
      for (const secondary of secondaries) await lock(secondary);
      await waitFor('the others lag', async () => {
        const backlogs = await Promise.all(secondaries.map(countBacklog));
        return backlogs.every((backlog) => backlog >= BACKLOG);
      });
      await primary.signal('SIGKILL');
      await group.waitForPrimaryAfter(primary);
      // The new primary now executes what the old one has acknowledged.
      await unlockAll();
    },
    undo: ({ primary }) => primary.restart(),
  }),
];

const SCENARIOS = [
  ...FAILOVERS.map((scenario) => ({ ...scenario, readers: 'the primary', failsRequests: true })),
  ...[...FAILOVERS, ...FAILOVERS_WITH_REPLICAS].map((scenario) => ({
    ...scenario,
    readers: 'all servers',
    failsRequests: true,
  })),
  ...FAILURES_OF_REPLICAS.map((scenario) => ({
    ...scenario,
    readers: 'all servers',
    failsRequests: false,
  })),
];

describe('a group of database servers', () => {
  const defer = useCleanup();
  let group: DatabaseGroup | null = null;

  test.for(SCENARIOS)(
    'no acknowledged post is lost, doubled or missing on a page from $readers while $event',
    async ({ event, act, undo, readers, failsRequests }, { skip }) => {
      skip(!process.env.CI && !existsSync(REAL_MYSQL), `There is no ${REAL_MYSQL}.`);
      group ??= await startGroup(defer);
      const roles = await group.waitForMembers();
      const config = await createDatabase(group.config);
      const replicas = [roles.primary, ...roles.secondaries].map((member) => member.config);
      const load = await startLoad(config, readers === 'all servers' ? replicas : []);
      await waitForSuccesses(load, 200);
      await act(group, roles);
      await waitForSuccesses(load, 200);
      await undo(roles);
      await group.waitForMembers();
      await waitForSuccesses(load, 200);
      await load.stop();
      const reads = await load.countReads();
      const database = openDatabase(config);
      onTestFinished(() => database.end());
      const ledger = await reconcile(load.requests, database);
      const successes = load.requests.filter(succeeded);
      await recordFigures(`13. In a group of databases, read from ${readers}, ${event}`, {
        ...ledger,
        'pages after a post': load.pages(),
        'pages without the post': load.missing.length,
        ...reads,
        'longest time without a success (ms)': findGap(successes),
        'longest time without an acknowledged post (ms)': findGap(
          successes.filter(({ kind }) => kind === 'post'),
        ),
      });
      expect(load.missing).toEqual([]);
      expect(ledger).toMatchObject({ found: ledger.acknowledged, duplicated: 0 });
      expect(listFailures(load)).toEqual(failsRequests ? [503] : []);
      // Without replicas, there are no such counts.
      const [atReplicas = 0, atPrimary = 0] = [
        reads['reads at replicas'],
        reads['reads at the primary'],
      ];
      expect(atReplicas > atPrimary).toBe(readers === 'all servers');
    },
  );
});

function failover(
  event: string,
  {
    act,
    undo,
  }: {
    act: (primary: Member, secondary: Member) => Promise<void>;
    undo: (old: Member) => Promise<void>;
  },
): Scenario {
  return {
    event,
    async act(group, { primary, secondaries: [secondary] }) {
      await act(primary, secondary);
      await group.waitForPrimaryAfter(primary);
    },
    undo: ({ primary }) => undo(primary),
  };
}

/** Creates a database for one test, and returns its settings. */
async function createDatabase(server: DatabaseConfig): Promise<DatabaseConfig> {
  const config = { ...server, name: `minitwit_${randomBytes(8).toString('hex')}` };
  await runSql(server, `create database ${config.name} character set utf8mb4`);
  await initializeSchema(config, { existing: 'refuse', waitMaxMs: HANG_MS });
  return config;
}

interface Locks {
  /** Lets a server answer reads, but execute nothing that the primary commits. */
  lock: (server: Member) => Promise<void>;
  unlockAll: () => Promise<void>;
}

/** Returns a scenario that locks servers. They are unlocked before `undo`, and if the test fails before. */
function createLag(
  event: string,
  {
    act,
    undo,
  }: {
    act: (group: DatabaseGroup, roles: Roles, locks: Locks) => Promise<void>;
    undo: Scenario['undo'];
  },
): Scenario {
  const connections: Connection[] = [];
  async function lock({ administrator }: Member): Promise<void> {
    const connection = await createConnection(connectionOptions(administrator));
    connections.push(connection);
    await connection.query('flush tables with read lock');
  }
  async function unlockAll(): Promise<void> {
    await Promise.all(connections.splice(0).map((connection) => connection.end()));
  }
  return {
    event,
    async act(group, roles) {
      onTestFinished(unlockAll);
      await act(group, roles, { lock, unlockAll });
    },
    async undo(roles) {
      await unlockAll();
      await undo(roles);
    },
  };
}

/** Returns the number of transactions that a server has received from the group, and not executed. */
async function countBacklog({ administrator, id }: Member): Promise<number> {
  const options = { waitMaxMs: 0 };
  return withConnection(administrator, options, async (connection) => {
    const [[row]] = await connection.query<RowDataPacket[]>(
      `select count_transactions_remote_in_applier_queue as backlog
       from performance_schema.replication_group_member_stats
       where member_id = '${id}'`,
    );
    return Number(row?.backlog);
  });
}

interface GroupLoad extends VisibilityLoad {
  /** Counts the reads of both instances by server. Without replicas, there are no such counts. */
  countReads: () => Promise<Record<string, number>>;
}

/** Starts two instances, and users who post through the first one and read through the second one. */
async function startLoad(config: DatabaseConfig, replicas: DatabaseConfig[]): Promise<GroupLoad> {
  const ports = await Promise.all(Array.from({ length: 4 }, () => reservePort(onTestFinished)));
  const metricsPorts = ports.splice(2);
  const [first, second] = ports.map((port, index) =>
    createInstance(port, onTestFinished, () => ({
      ...databaseSettings(config),
      SESSION_SECRET: 'a secret of the tests with 32 characters or more',
      METRICS_PORT: String(metricsPorts[index]),
      DB_READ_HOST: replicas.map(({ host, port: own }) => `${host}:${own}`).join(),
    })),
  );
  if (!first || !second) throw new Error('There are not two instances.');
  await Promise.all([first.start(), second.start()]);
  const load = startVisibilityLoad(await createUsers(first.url, USERS), second.url);
  onTestFinished(() => load.stop());
  const countReads = async () => {
    if (replicas.length === 0) return {};
    const reads = (await Promise.all(metricsPorts.map(readReads))).flat();
    const atWriter = sum(reads.filter(({ server }) => server === 'writer'));
    return { 'reads at the primary': atWriter, 'reads at replicas': sum(reads) - atWriter };
  };
  return { ...load, countReads };
}

interface ReadCount {
  server: string;
  reads: number;
}

async function readReads(metricsPort: number | undefined): Promise<ReadCount[]> {
  const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
  const counts = (await response.text()).matchAll(
    /^minitwit_db_reads_total\{server="(.*)"\} (.*)$/gm,
  );
  return Array.from(counts, ([, server = '', reads]) => ({ server, reads: Number(reads) }));
}

function sum(counts: ReadCount[]): number {
  return counts.reduce((total, { reads }) => total + reads, 0);
}

/** Waits until `count` more requests, times LOAD_FACTOR, have succeeded. */
async function waitForSuccesses({ requests }: Load, count: number): Promise<void> {
  const countAll = () => requests.filter(succeeded).length;
  const enough = countAll() + count * LOAD_FACTOR;
  await waitFor(`${count * LOAD_FACTOR} more successes`, () => countAll() >= enough);
}

/** Returns the longest time between the ends of two requests. */
function findGap(requests: LoadRequest[]): number {
  const ends = requests.map(({ endedAtMs }) => endedAtMs);
  return Math.max(...ends.map((end, index) => end - (ends[index - 1] ?? end)));
}

/** Lists the different statuses of failed requests. */
function listFailures({ requests }: Load): number[] {
  const failed = requests.filter((each) => !succeeded(each));
  return Array.from(new Set(failed.map(({ status }) => status)));
}
