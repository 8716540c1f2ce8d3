import { createServer } from 'node:http';
import { pino } from 'pino';
import type { RowDataPacket } from 'mysql2/promise';
import { createApp } from '../src/web/app.ts';
import { readConfig } from '../src/config/config.ts';
import {
  type Database,
  openDatabase,
  type Parameters,
  type Statements,
} from '../src/database/database.ts';
import { listen } from '../src/web/server/listen.ts';
import { createPasswords } from '../src/web/passwords/passwords.ts';
import { createRateLimits } from '../src/repositories/rate-limits.ts';
import { createRepositories } from '../src/repositories/repositories.ts';
import type { DataSet } from './data-sets.ts';
import { type DatabaseKind, onConnection } from './databases.ts';
import { PAGES, type Source, take } from './pages.ts';
import { ask as askServer, type WebRequest } from './requests.ts';
import { SESSION_SECRET } from './servers.ts';

/** A query, and how the server goes about it: a query that reads is run for that. */
export interface Explained {
  sql: string;
  plan: string;
}

/** What a page asks when nothing is remembered, and how many queries it makes once it is asked for often. */
export interface PageQueries {
  page: string;
  queries: Explained[];
  again: number;
}

interface Query {
  sql: string;
  parameters: Parameters;
}

const EXPLAIN = {
  mariadb: { read: 'analyze', write: 'explain' },
  mysql: { read: 'explain analyze', write: 'explain format=tree' },
};

/** Asks the application for each page, and the server for the plans of its queries. */
export async function explainPages(kind: DatabaseKind, source: Source): Promise<PageQueries[]> {
  const pages: PageQueries[] = [];
  for (const page of PAGES) {
    const [request] = await take(page.requests(source), 1);
    if (!request) continue;
    const { first, again } = await record(source.data, request);
    const queries: Explained[] = [];
    for (const query of first) queries.push(await explain(kind, source.data, query));
    pages.push({ page: page.name, queries, again: again.length });
  }
  return pages;
}

/** The queries of a request to a process that has just started, and of the same request later. */
async function record({ ours }: DataSet, request: WebRequest) {
  const recorded: Query[] = [];
  const database = openDatabase(ours);
  const recording = (statements: Statements): Statements => ({
    select: (sql, parameters = {}) => {
      recorded.push({ sql, parameters });
      return statements.select(sql, parameters);
    },
    change: (sql, parameters = {}) => {
      recorded.push({ sql, parameters });
      return statements.change(sql, parameters);
    },
  });
  const { url, close } = await serve({
    ...database,
    ...recording(database),
    transact: (work) => database.transact((statements) => work(recording(statements))),
  });
  const ask = async () => {
    recorded.length = 0;
    await askServer({ url }, request);
    return [...recorded];
  };
  try {
    const first = await ask();
    // what is asked for again is kept
    await ask();
    return { first, again: await ask() };
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
    rateLimits: createRateLimits(database, config.rateLimits, logger),
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

async function explain(kind: DatabaseKind, data: DataSet, query: Query): Promise<Explained> {
  const how = EXPLAIN[kind][/^\s*select\b/.test(query.sql) ? 'read' : 'write'];
  const [rows] = await onConnection(data.ours, (connection) =>
    connection.query<RowDataPacket[]>(`${how} ${query.sql}`, query.parameters),
  );
  const plan = kind === 'mysql' ? String(rows[0]?.EXPLAIN).trim() : toTable(rows);
  return { sql: unindent(query.sql), plan };
}

const COLUMNS = ['id', 'select_type', 'table', 'type', 'key', 'ref', 'rows', 'r_rows', 'Extra'];

function toTable(rows: RowDataPacket[]): string {
  const lines = [COLUMNS, ...rows.map((row) => COLUMNS.map((name) => String(row[name] ?? '')))];
  const widths = COLUMNS.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map((line) => line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Without the indentation that a query has in its source. */
function unindent(sql: string): string {
  const lines = sql.split('\n').filter((line) => line.trim() !== '');
  const depths = lines.map((line) => line.search(/\S/)).filter((depth) => depth > 0);
  const depth = Math.min(...depths, 80);
  return lines.map((line) => (line.search(/\S/) >= depth ? line.slice(depth) : line)).join('\n');
}
