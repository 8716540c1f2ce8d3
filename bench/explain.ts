import { createServer } from 'node:http';
import { pino } from 'pino';
import type { RowDataPacket } from 'mysql2/promise';
import { createApp } from '../src/web/app.ts';
import { readConfig } from '../src/config/config.ts';
import { type Database, openDatabase } from '../src/database/database.ts';
import { ANY_SERVER } from '../src/database/primary.ts';
import type { Parameters, Statements } from '../src/database/statements.ts';
import { listen } from '../src/web/server/listen.ts';
import { createPasswords } from '../src/web/passwords/passwords.ts';
import { createRateLimitCounters } from '../src/repositories/rate-limit-counters.ts';
import { createRateLimits } from '../src/repositories/rate-limits.ts';
import { createRepositories } from '../src/repositories/repositories.ts';
import type { DataSet } from './data-sets.ts';
import { type DatabaseKind, withBenchConnection } from './databases.ts';
import { exchange } from './exchange.ts';
import { type BenchPage, type RequestSource, takeRequests } from './bench-page.ts';
import type { WebRequest } from './requests.ts';
import { SESSION_SECRET } from './servers.ts';

/** A query with the server's plan. A query that only reads is run for its plan. */
export interface ExplainedQuery {
  sql: string;
  plan: string;
}

/** The queries of a page with empty caches, and the number of its queries with full caches. */
export interface PageQueries {
  page: string;
  queries: ExplainedQuery[];
  warmQueryCount: number;
}

interface Query {
  sql: string;
  parameters: Parameters;
}

const EXPLAIN = {
  mariadb: { read: 'analyze', write: 'explain' },
  mysql: { read: 'explain analyze', write: 'explain format=tree' },
};

// A plan of MySQL contains the values of a query.
const SESSION_ID = /'[\w-]{32}'/g;

/** Lists the queries of each page that is not a variant, with the database server's plan for each. */
export async function explainPages(
  kind: DatabaseKind,
  source: RequestSource,
  chosen: BenchPage[],
): Promise<PageQueries[]> {
  const pages: PageQueries[] = [];
  for (const page of chosen.filter(({ isVariant }) => !isVariant)) {
    const [request] = await takeRequests(page.requests(source), 1);
    if (!request) continue;
    const { cold, warm } = await recordQueries(source.data, request);
    const queries: ExplainedQuery[] = [];
    for (const query of cold) queries.push(await explainQuery(kind, source.data, query));
    pages.push({ page: page.name, queries, warmQueryCount: warm.length });
  }
  return pages;
}

/** Returns the queries of a request with empty caches, and of its third repetition. */
async function recordQueries({ ours }: DataSet, request: WebRequest) {
  const recorded: Query[] = [];
  const database = openDatabase(ours);
  const recording = (statements: Statements): Statements => ({
    select: (sql, parameters = {}) => {
      recorded.push({ sql, parameters });
      return statements.select(sql, parameters);
    },
    execute: (sql, parameters = {}) => {
      recorded.push({ sql, parameters });
      return statements.execute(sql, parameters);
    },
  });
  const { url, close } = await serve({
    ...database,
    ...recording(database),
    transact: (work) => database.transact((statements) => work(recording(statements))),
  });
  const record = async () => {
    recorded.length = 0;
    await exchange({ url }, request);
    return [...recorded];
  };
  try {
    const cold = await record();
    // The caches admit a page at its second request.
    await record();
    return { cold, warm: await record() };
  } finally {
    await close();
    await database.end();
  }
}

async function serve(database: Database) {
  const environment = { DB_HOST: '-', DB_USER: '-', DB_PASSWD: '-', DB_NAME: '-', SESSION_SECRET };
  const config = readConfig({ ...environment, RATE_LIMITS: 'off' });
  const logger = pino({ level: 'silent' });
  const passwords = createPasswords();
  const app = createApp({
    config,
    repositories: createRepositories(database),
    rateLimits: createRateLimits(createRateLimitCounters(database), config.rateLimits, logger),
    passwords,
    isReady: () => Promise.resolve(true),
    logger,
  });
  const server = createServer(app);
  const port = await listen(server, { host: '127.0.0.1', port: 0, setting: 'PORT' });
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await passwords.close();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

async function explainQuery(
  kind: DatabaseKind,
  data: DataSet,
  query: Query,
): Promise<ExplainedQuery> {
  const prefix = EXPLAIN[kind][/^\s*select\b/.test(query.sql) ? 'read' : 'write'];
  const [rows] = await withBenchConnection(data.ours, (connection) =>
    connection.query<RowDataPacket[]>(`${prefix} ${query.sql}`, {
      isPrimary: ANY_SERVER,
      ...query.parameters,
    }),
  );
  const plan =
    kind === 'mysql'
      ? String(rows[0]?.EXPLAIN).trim().replaceAll(SESSION_ID, "'…'")
      : formatRows(rows);
  return { sql: unindent(query.sql), plan };
}

const COLUMNS = ['id', 'select_type', 'table', 'type', 'key', 'ref', 'rows', 'r_rows', 'Extra'];

function formatRows(rows: RowDataPacket[]): string {
  const lines = [COLUMNS, ...rows.map((row) => COLUMNS.map((name) => String(row[name] ?? '')))];
  const widths = COLUMNS.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map((line) => line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Returns a query without the indentation of its source. */
function unindent(sql: string): string {
  const lines = sql.split('\n').filter((line) => line.trim() !== '');
  const depths = lines.map((line) => line.search(/\S/)).filter((depth) => depth > 0);
  const depth = Math.min(...depths, 80);
  return lines.map((line) => (line.search(/\S/) >= depth ? line.slice(depth) : line)).join('\n');
}
