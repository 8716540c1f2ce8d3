import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'prettier';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { startPrivateMariadb } from '../../src/dev/mariadb/private-mariadb.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { runProgram } from '../../src/cli/program.ts';
import { fillTables, SIZES } from '../data.ts';
import { onConnection } from '../databases.ts';
import { atEnd, end, endOnSignals, stopAsked } from '../end.ts';
import type { CopyOrder, CopyOutcome } from './copy-program.ts';
import { describeRounds, type Round } from './results.ts';
import { copyWith, TOOLS } from './tools.ts';

const ROUNDS = 3;
const RESULTS = 'bench/warehouse/results.md';
// as package.json starts the warehouse
const NODE_OPTIONS = ['--max-old-space-size=256', '--max-semi-space-size=16'];
const SERVER_OPTIONS = ['--innodb-buffer-pool-size=2G'];

endOnSignals();
await runProgram(async () => {
  try {
    await measure();
  } catch (error) {
    // what a signal has stopped fails, and that is nobody's news
    if (!stopAsked.aborted) throw error;
  } finally {
    await end();
  }
});
process.exit();

async function measure(): Promise<void> {
  console.error('Making a million messages …');
  const source = await startServer();
  await initializeSchema(source, { existing: 'refuse', waitMaxMs: 0 });
  await onConnection(source, (connection) => fillTables(connection, SIZES.M, 'x'.repeat(60)));
  // the profiles of those who have none
  await initializeSchema(source, { existing: 'keep', waitMaxMs: 0 });
  const rounds: Round[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    console.error(`Round ${round} of ${ROUNDS}`);
    rounds.push(await measureRound(source));
  }
  const results = await format(describeRounds(rounds), { parser: 'markdown', printWidth: 100 });
  await writeFile(RESULTS, results);
  console.log(results);
}

async function measureRound(source: DatabaseConfig): Promise<Round> {
  const tools: Round['tools'] = {};
  for (const name of Object.keys(TOOLS) as (keyof typeof TOOLS)[]) {
    tools[name] = await withServer((target) => copyWith(name, source, target));
  }
  return withServer(async (warehouse) => {
    await initializeSchema(warehouse, { existing: 'refuse', waitMaxMs: 0 });
    const copy = () => copyInProcess({ source, warehouse });
    const first = await copy();
    await onConnection(source, (connection) =>
      connection.query(
        'update message set pub_date = pub_date + 1 where crc32(message_id) % 100 = 0',
      ),
    );
    return { first, changed: await copy(), unchanged: await copy(), tools };
  });
}

async function startServer(): Promise<DatabaseConfig> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-bench-warehouse-'));
  await atEnd(() => rm(folder, { recursive: true }));
  const server = await startPrivateMariadb(folder, { options: SERVER_OPTIONS });
  await atEnd(() => server.stop());
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

async function copyInProcess(order: CopyOrder): Promise<CopyOutcome> {
  const program = fork(new URL('copy-program.ts', import.meta.url), { execArgv: NODE_OPTIONS });
  program.send(order);
  const [outcome] = (await once(program, 'message')) as [CopyOutcome];
  return outcome;
}
