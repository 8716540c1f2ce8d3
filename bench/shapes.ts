import { isDeepStrictEqual } from 'node:util';
import mysql, { type Connection } from 'mysql2/promise';
import type { DatabaseConfig } from '../src/config.ts';
import { connectionOptions } from '../src/database/pool.ts';
import type { DataSet } from './data-sets.ts';
import { type Ask, type Shape, SHAPES } from './reader-shapes.ts';

/** How many readers a second a way of reading serves. */
export interface ShapeFigures {
  name: string;
  byQuery: number;
  /** null where lists are asked for alone */
  byExecute: number | null;
}

type Method = 'query' | 'execute';

const CONNECTIONS = 4;
const CHECKED = 10;
// next to each other, readers would be too much alike
const STEP = 7919;

/**
 * Measures the ways to read a reader's newest page, next to each other and without a web server: several
 * connections ask without a pause.
 * @throws Error when one gives other messages than the others
 */
export async function measureShapes(
  { ours, users }: DataSet,
  secondsEach: number,
): Promise<ShapeFigures[]> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(ours)));
  const [connection] = connections;
  if (!connection) return [];
  await check(connection, users);
  const figures: ShapeFigures[] = [];
  for (const shape of SHAPES) {
    const measure = (method: Method) => drive(shape, { connections, users, method, secondsEach });
    const byQuery = await measure('query');
    const byExecute = shape.readers === 1 ? await measure('execute') : null;
    figures.push({ name: shape.name, byQuery, byExecute });
  }
  for (const each of connections) await each.end();
  return figures;
}

function connect(config: DatabaseConfig): Promise<Connection> {
  return mysql.createConnection(connectionOptions(config));
}

function createAsk(connection: Connection, method: Method): Ask {
  return async <Row>(
    sql: string,
    parameters: Record<string, number | number[]>,
    { hasList } = { hasList: false },
  ) => {
    const [rows] =
      hasList || method === 'query'
        ? await connection.query(sql, { ...parameters })
        : await connection.execute(sql, { ...parameters });
    return rows as Row[];
  };
}

async function check(connection: Connection, users: number): Promise<void> {
  const ask = createAsk(connection, 'query');
  for (let index = 0; index < CHECKED; index++) {
    const readerId = readerAt(index, users);
    const answers = await Promise.all(SHAPES.map((shape) => shape.read(ask, [readerId])));
    for (const [place, answer] of answers.entries()) {
      if (isDeepStrictEqual(answer, answers[0])) continue;
      throw new Error(`“${SHAPES[place]?.name}” gives other messages to reader ${readerId}.`);
    }
  }
}

interface Load {
  connections: Connection[];
  users: number;
  method: Method;
  secondsEach: number;
}

async function drive(shape: Shape, { connections, users, method, secondsEach }: Load) {
  const startedAtMs = performance.now();
  const endMs = startedAtMs + secondsEach * 1000;
  let next = 0;
  await Promise.all(
    connections.map(async (connection) => {
      const ask = createAsk(connection, method);
      while (performance.now() < endMs) {
        const readerIds = Array.from({ length: shape.readers }, () => readerAt(next++, users));
        await shape.read(ask, readerIds);
      }
    }),
  );
  return next / ((performance.now() - startedAtMs) / 1000);
}

function readerAt(index: number, users: number): number {
  return ((index * STEP) % users) + 1;
}
