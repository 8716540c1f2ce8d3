import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'prettier';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { startPrivateMariadb } from '../../src/dev/mariadb/private-mariadb.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { fillTables, SIZES } from '../data.ts';
import { withBenchConnection } from '../databases.ts';
import { deferCleanup, runBench } from '../cleanup.ts';
import type { CopyRequest, CopyResult } from './copy-program.ts';
import type { ExportResult } from './export-program.ts';
import { formatRounds, type Round } from './results.ts';
import { copyWith, TOOLS } from './tools.ts';

const ROUNDS = 3;
const LARGE_FACTOR = 3;
const RESULTS = 'bench/warehouse/results.md';
// The options of the `warehouse` script in package.json.
const NODE_OPTIONS = ['--max-old-space-size=256', '--max-semi-space-size=16'];
const SERVER_OPTIONS = ['--innodb-buffer-pool-size=2G'];

await runBench(measure);

async function measure(): Promise<void> {
  const source = await createSource();
  const large = await createLargeCopy(source);
  const rounds: Round[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    console.error(`Round ${round} of ${ROUNDS}`);
    rounds.push(await measureRound(source, large));
  }
  const results = await format(formatRounds(rounds), { parser: 'markdown', printWidth: 100 });
  await writeFile(RESULTS, results);
  console.log(results);
}

async function createSource(): Promise<DatabaseConfig> {
  console.error('Creating a million messages …');
  const source = await startServer();
  await initializeSchema(source, { existing: 'refuse', waitMaxMs: 0 });
  await withBenchConnection(source, (connection) =>
    fillTables(connection, SIZES.M, 'x'.repeat(60)),
  );
  return source;
}

/** Creates a source with several times the rows, and its complete copy. The rounds measure only its unchanged copies. */
async function createLargeCopy(small: DatabaseConfig): Promise<CopyRequest> {
  console.error(`Creating ${LARGE_FACTOR} times the rows …`);
  const source = { ...small, name: 'minitwit_large' };
  await withBenchConnection(small, (connection) =>
    connection.query(`create database ${source.name} character set utf8mb4`),
  );
  await initializeSchema(source, { existing: 'refuse', waitMaxMs: 0 });
  await withBenchConnection(source, async (connection) => {
    for (let part = 0; part < LARGE_FACTOR; part++) {
      const [users, messages] = [part * SIZES.M.users, part * SIZES.M.messages];
      for (const sql of [
        `insert into user (user_id, username, email, pw_hash)
         select user_id + :users, concat(username, '-', :part), email, pw_hash from ${small.name}.user`,
        `insert into message (message_id, author_id, text, pub_date)
         select message_id + :messages, author_id + :users, text, pub_date from ${small.name}.message`,
        `insert into follower (who_id, whom_id)
         select who_id + :users, whom_id + :users from ${small.name}.follower`,
      ]) {
        await connection.query(sql, { part, users, messages });
      }
    }
  });
  const warehouse = await startServer();
  await initializeSchema(warehouse, { existing: 'refuse', waitMaxMs: 0 });
  const large = { source, warehouse, proveAll: false };
  await copyInProcess(large);
  return large;
}

async function measureRound(source: DatabaseConfig, large: CopyRequest): Promise<Round> {
  const tools: Round['tools'] = {};
  for (const name of Object.keys(TOOLS) as (keyof typeof TOOLS)[]) {
    tools[name] = await withServer((target) => copyWith(name, source, target));
  }
  return withServer(async (warehouse) => {
    await initializeSchema(warehouse, { existing: 'refuse', waitMaxMs: 0 });
    const copy = (proveAll = false) => copyInProcess({ source, warehouse, proveAll });
    const unchanged = { source, warehouse, proveAll: false };
    const first = await copy();
    await withBenchConnection(source, (connection) =>
      connection.query(
        'update message set pub_date = pub_date + 1 where crc32(message_id) % 100 = 0',
      ),
    );
    return {
      first,
      changed: await copy(true),
      proved: await copy(true),
      unchanged: await copy(),
      large: await copyInProcess(large),
      exported: await runInProcess<ExportResult>('export-program.ts', unchanged),
      tools,
    };
  });
}

async function startServer(): Promise<DatabaseConfig> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-bench-warehouse-'));
  await deferCleanup(() => rm(folder, { recursive: true }));
  const server = await startPrivateMariadb(folder, { options: SERVER_OPTIONS });
  await deferCleanup(() => server.stop());
  return server.config;
}

async function withServer<T>(work: (config: DatabaseConfig) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-bench-warehouse-'));
  const server = await startPrivateMariadb(folder, { options: SERVER_OPTIONS });
  try {
    return await work(server.config);
  } finally {
    await server.stop();
    await rm(folder, { recursive: true });
  }
}

function copyInProcess(order: CopyRequest): Promise<CopyResult> {
  return runInProcess('copy-program.ts', order);
}

/** Runs a program of this folder. The caller names the type of its response. */
async function runInProcess<Result>(name: string, order: CopyRequest): Promise<Result> {
  const program = fork(new URL(name, import.meta.url), { execArgv: NODE_OPTIONS });
  program.send(order);
  const [outcome] = (await once(program, 'message')) as [Result];
  return outcome;
}
