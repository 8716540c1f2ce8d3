import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { openDatabase } from '../../src/database/database.ts';
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
import { type DatabaseGroup, type Member, startGroup } from './group.ts';
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

interface Scenario {
  event: string;
  /** Takes the role of the primary away. */
  act: (primary: Member, secondary: Member) => Promise<void>;
  /** Lets the old primary join the group again. */
  undo: (old: Member) => Promise<void>;
}

const SCENARIOS: Scenario[] = [
  {
    event: 'another server becomes the primary',
    act: ({ administrator }, { id }) =>
      runSql(administrator, `select group_replication_set_as_primary('${id}')`),
    undo: async () => undefined,
  },
  {
    event: 'the primary leaves and joins again',
    act: ({ administrator }) => runSql(administrator, 'stop group_replication'),
    undo: ({ administrator }) => runSql(administrator, 'start group_replication'),
  },
  {
    event: 'the primary is killed and restarted',
    act: (primary) => primary.signal('SIGKILL'),
    undo: (old) => old.restart(),
  },
  {
    event: 'the primary is frozen and resumed',
    act: (primary) => primary.signal('SIGSTOP'),
    undo: (old) => old.signal('SIGCONT'),
  },
];

describe('a group of database servers', () => {
  const defer = useCleanup();
  let group: DatabaseGroup | null = null;

  test.for(SCENARIOS)(
    'no acknowledged post is lost, doubled or missing on a page while $event',
    async ({ event, act, undo }, { skip }) => {
      skip(!existsSync(REAL_MYSQL), `There is no ${REAL_MYSQL}.`);
      group ??= await startGroup(defer);
      const { primary, secondaries } = await group.waitForMembers();
      const config = await createDatabase(group.config);
      const load = await startLoad(config);
      await waitForSuccesses(load, 200);
      await act(primary, secondaries[0]);
      await group.waitForPrimaryAfter(primary);
      await waitForSuccesses(load, 200);
      await undo(primary);
      await group.waitForMembers();
      await waitForSuccesses(load, 200);
      await load.stop();
      const database = openDatabase(config);
      onTestFinished(() => database.end());
      const ledger = await reconcile(load.requests, database);
      const successes = load.requests.filter(succeeded);
      await recordFigures(`13. In a group of databases, ${event}`, {
        ...ledger,
        'pages after a post': load.pages(),
        'pages without the post': load.missing.length,
        'longest time without a success (ms)': findGap(successes),
        'longest time without an acknowledged post (ms)': findGap(
          successes.filter(({ kind }) => kind === 'post'),
        ),
      });
      expect(load.missing).toEqual([]);
      expect(ledger).toMatchObject({ found: ledger.acknowledged, duplicated: 0 });
      expect(listUnexpectedStatuses(load)).toEqual([]);
    },
  );
});

/** Creates a database for one test, and returns its settings. */
async function createDatabase(server: DatabaseConfig): Promise<DatabaseConfig> {
  const config = { ...server, name: `minitwit_${randomBytes(8).toString('hex')}` };
  await runSql(server, `create database ${config.name} character set utf8mb4`);
  await initializeSchema(config, { existing: 'refuse', waitMaxMs: HANG_MS });
  return config;
}

/** Starts two instances, and users who post through the first one and read through the second one. */
async function startLoad(config: DatabaseConfig): Promise<VisibilityLoad> {
  const settings = {
    ...databaseSettings(config),
    SESSION_SECRET: 'a secret of the tests with 32 characters or more',
  };
  const ports = await Promise.all([reservePort(onTestFinished), reservePort(onTestFinished)]);
  const [first, second] = ports.map((port) => createInstance(port, onTestFinished, () => settings));
  if (!first || !second) throw new Error('There are not two instances.');
  await Promise.all([first.start(), second.start()]);
  const load = startVisibilityLoad(await createUsers(first.url, USERS), second.url);
  onTestFinished(() => load.stop());
  return load;
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

/** Lists the statuses of failed requests other than 503. */
function listUnexpectedStatuses({ requests }: Load): number[] {
  const failed = requests.filter((each) => !succeeded(each));
  return failed.map(({ status }) => status).filter((status) => status !== 503);
}
