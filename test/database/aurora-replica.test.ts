import { createServer } from 'node:net';
import { createConnection, Types } from 'mysql2';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { captureLog } from '../support/capture-log.ts';
import { listen } from '../support/listen.ts';

const VARIABLE = 'aurora_replica_read_consistency';
const LOGIN = {
  host: '127.0.0.1',
  user: 'user',
  password: 'secret',
  name: 'minitwit',
  sslCa: null,
};

test('a replica of Aurora waits for the writer because of a session variable', async () => {
  const writer = await startStub({ isReadOnly: 0 });
  const replica = await startStub({ isReadOnly: 1 });
  const servers = [{ host: LOGIN.host, port: replica.port }];
  const database = openDatabase(
    { ...LOGIN, port: writer.port, poolSize: 2 },
    { replicas: { servers, consistency: 'aurora' }, logger: captureLog().logger },
  );
  onTestFinished(() => database.end());
  await database.checkServers();
  expect(await database.select('select 1 as n where :isPrimary')).toEqual([{ n: 1 }]);

  expect(replica.statements).toEqual([
    expect.stringMatching(new RegExp(`^set session .*, ${VARIABLE} = 'GLOBAL' \\*/`)),
    expect.stringContaining(`cast(@@session.${VARIABLE} as char) as ${VARIABLE}`),
    'select 1 as n where true',
  ]);
  expect(writer.statements.join()).not.toContain(VARIABLE);
  expect(database.state()).toMatchObject({ readsAtWriter: 0, replicas: [{ reads: 1 }] });
});

type Row = Record<string, string | number>;

/**
 * Starts a server that has every session variable, as MySQL 8.0 and as Aurora's version of it, and one row for each other
 * select.
 */
async function startStub(state: { isReadOnly: 0 | 1 }) {
  const statements: string[] = [];
  const server = createServer((stream) => {
    const connection = createConnection({ stream, isServer: true });
    connection.on('error', () => undefined);
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: '8.0.39',
      connectionId: 1,
      statusFlags: 2,
      characterSet: 45,
      authCallback(_login: unknown, done: (error: null) => void) {
        done(null);
        connection.sequenceId = 0;
      },
      // All but compression and TLS.
      capabilityFlags: 0xff_ff_ff ^ 0x20 ^ 0x800,
    });
    let variables: Row = {};
    const createRow = (sql: string) =>
      sql.includes('@@session') ? { ...state, ...variables } : { n: 1 };
    const answer = (sql: string) => {
      statements.push(sql);
      if (sql.startsWith('set session')) {
        variables = readAssignments(sql);
        connection.writeOk({});
      } else writeRow(connection, createRow(sql));
      // mysql2 numbers the packets of a server as if all were of one command.
      connection.sequenceId = 0;
    };
    connection.on('query', answer);
    // A text that begins with `set` has this event.
    connection.on('stmt_prepare', answer);
  });
  onTestFinished(() => void server.close());
  return { port: await listen(server), statements };
}

/** Returns the values of MySQL's variables in a `set` statement. */
function readAssignments(sql: string): Row {
  const ofMysql = sql.replace(/\/\*M!.*?\*\//, '');
  return Object.fromEntries(
    Array.from(ofMysql.matchAll(/(\w+) = (?:'([^']*)'|(\w+))/g), ([, name, text, word]) => [
      name ?? '',
      text ?? word ?? '',
    ]).filter(([name]) => name !== 'timestamp'),
  );
}

function writeRow(connection: ReturnType<typeof createConnection>, row: Row): void {
  const columns = Object.entries(row).map(([name, value]) => ({
    catalog: 'def',
    schema: '',
    table: '',
    orgTable: '',
    name,
    orgName: name,
    characterSet: 45,
    columnLength: 255,
    columnType: typeof value === 'number' ? Types.LONG : Types.VAR_STRING,
    flags: 0,
    decimals: 0,
  }));
  connection.writeTextResult([row], columns);
}
