import { expect, test } from 'vitest';
import { runAthenaQuery } from '../../../src/warehouse/athena/run-athena-query.ts';
import { OperatorError } from '../../../src/errors/operator-error.ts';
import { type AwsStub, startAwsStub } from '../../support/aws-stub.ts';
import { startProgram } from '../../support/programs.ts';

/** The statistics and the result of the query of a test, in the form of AWS's API reference. */
interface Query {
  states?: object[];
  statementType?: string;
  scanned?: number;
  columns?: [name: string, type: string][];
  /** The rows of each page, without the row of the names. */
  pages?: (string | null)[][][];
}

const json = (body: object) => ({ status: 200, body: JSON.stringify(body) });

/** Starts an Athena that runs one query. Returns the bodies of all requests by their actions. */
async function startAthena(script: Query) {
  const {
    states = [{ State: 'SUCCEEDED' }],
    statementType = 'DML',
    scanned = 22_300_000,
    columns = [],
    pages = [[]],
  } = script;
  const aws: AwsStub = await startAwsStub();
  const sent: Record<string, Record<string, unknown>[]> = {};
  const stub = (action: string, respond: (input: Record<string, unknown>) => object) =>
    aws.stub(`athena:${action}`, ({ body }) => {
      const input = JSON.parse(body.toString()) as Record<string, unknown>;
      (sent[action] ??= []).push(input);
      return json(respond(input));
    });
  stub('StartQueryExecution', () => ({ QueryExecutionId: 'query-1' }));
  let polls = 0;
  stub('GetQueryExecution', () => ({
    QueryExecution: {
      QueryExecutionId: 'query-1',
      StatementType: statementType,
      ResultConfiguration: { OutputLocation: 's3://bucket/athena/query-1.csv' },
      Statistics: { DataScannedInBytes: scanned },
      Status: states[Math.min(polls++, states.length - 1)],
    },
  }));
  const names = statementType === 'DML' ? [columns.map(([name]) => name)] : [];
  stub('GetQueryResults', ({ NextToken = '0' }) => {
    const page = Number(NextToken);
    const rows = [...(page === 0 ? names : []), ...(pages[page] ?? [])];
    return {
      ...(page + 1 < pages.length && { NextToken: String(page + 1) }),
      ResultSet: {
        ResultSetMetadata: {
          ColumnInfo: columns.map(([Name, Type]) => ({ Name, Label: Name, Type })),
        },
        Rows: rows.map((row) => ({
          Data: row.map((value) => (value === null ? {} : { VarCharValue: value })),
        })),
      },
    };
  });
  stub('StopQueryExecution', () => ({}));
  return { aws, sent };
}

async function query(sql: string, signal = new AbortController().signal) {
  const lines: string[] = [];
  const options = { workgroup: 'minitwit', database: 'minitwit', signal, firstPauseMs: 1 };
  const result = runAthenaQuery(sql, { ...options, print: (line) => lines.push(line) });
  return { result: await result, lines };
}

const runQuery = async (sql: string, signal?: AbortSignal) => (await query(sql, signal)).result;

test('a query runs in the workgroup and the database, and returns all pages with their types', async () => {
  const { sent } = await startAthena({
    states: [{ State: 'QUEUED' }, { State: 'RUNNING' }, { State: 'SUCCEEDED' }],
    columns: [
      ['id', 'bigint'],
      ['text', 'varchar'],
      ['share', 'double'],
      ['is_new', 'boolean'],
      ['sum', 'decimal(38,0)'],
    ],
    pages: [
      [['1', 'a,"b"\n', '0.5', 'true', '12']],
      [
        ['9007199254740993', '', null, 'false', null],
        [null, null, 'NaN', null, '1'],
      ],
    ],
  });
  const { result, lines } = await query('select * from message');
  expect(result).toEqual({
    columns: ['id', 'text', 'share', 'is_new', 'sum'],
    rows: [
      [1, 'a,"b"\n', 0.5, true, '12'],
      // A number would be 9007199254740992.
      ['9007199254740993', '', null, false, null],
      [null, null, Number.NaN, null, '1'],
    ],
  });
  expect(sent.StartQueryExecution).toEqual([
    {
      ClientRequestToken: expect.stringMatching(/^[\w-]{32,}$/) as string,
      QueryString: 'select * from message',
      WorkGroup: 'minitwit',
      QueryExecutionContext: { Database: 'minitwit' },
    },
  ]);
  expect(sent.GetQueryResults?.map(({ MaxResults }) => MaxResults)).toEqual([1000, 1000]);
  expect(sent.StopQueryExecution).toBeUndefined();
  expect(lines).toEqual([
    'The query: queued',
    'The query: running',
    'Athena scanned 22.3 MB, which cost less than $0.01.',
  ]);
});

test('the result of a statement that is no query has no row of names', async () => {
  const columns: [string, string][] = [['tab_name', 'string']];
  await startAthena({
    statementType: 'UTILITY',
    scanned: 0,
    columns,
    pages: [[['message'], ['user']]],
  });
  const { result, lines } = await query('show tables');
  expect(result).toEqual({ columns: ['tab_name'], rows: [['message'], ['user']] });
  expect(lines).toEqual(['Athena scanned nothing, which costs nothing.']);
});

test.each([
  [9_870_000_000, '9.9 GB, which cost about $0.05'],
  [2_000_000_000_000, '2 TB, which cost about $10.00'],
])('a query that scanned %d bytes prints %s', async (scanned, text) => {
  await startAthena({ scanned });
  expect((await query('select 1')).lines).toEqual([`Athena scanned ${text}.`]);
});

test('Ctrl-C cancels the query in Athena', async () => {
  const { aws, sent } = await startAthena({ states: [{ State: 'RUNNING' }] });
  const controller = new AbortController();
  aws.onRequest = (action) => {
    if (action === 'athena:GetQueryExecution')
      controller.abort(new OperatorError('Stopped by SIGINT.'));
  };
  await expect(runQuery('select 1', controller.signal)).rejects.toThrow('Stopped by SIGINT.');
  expect(sent.StopQueryExecution).toEqual([{ QueryExecutionId: 'query-1' }]);
});

test('a query whose state cannot be read is cancelled, and the error is that of the reading', async () => {
  const { aws, sent } = await startAthena({});
  aws.fail('athena:GetQueryExecution', 'AccessDeniedException', { status: 400 });
  await expect(runQuery('select 1')).rejects.toThrow(/^Cannot read the state of the query query-1/);
  expect(sent.StopQueryExecution).toHaveLength(1);
  aws.fail('athena:StopQueryExecution', 'AccessDeniedException', { status: 400 });
  await expect(runQuery('select 1')).rejects.toThrow(/^Cannot read the state of the query query-1/);
});

test.each([
  [
    {
      State: 'FAILED',
      StateChangeReason: "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved",
    },
    "Athena could not run the query in the database minitwit: COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved.",
  ],
  [
    { State: 'CANCELLED', StateChangeReason: 'Bytes scanned limit was exceeded' },
    'Athena cancelled the query at the limit of the workgroup minitwit, after it scanned 22.3 MB, which cost less than ' +
      '$0.01. Name only the columns that you need, or set WarehouseQueryMaxGb of the stack.',
  ],
  [
    { State: 'CANCELLED', StateChangeReason: 'Query cancelled by user' },
    'The query was cancelled, after it scanned 22.3 MB, which cost less than $0.01: Query cancelled by user.',
  ],
])('the end %j of a query throws why', async (end, message) => {
  const { sent } = await startAthena({ states: [{ State: 'RUNNING' }, end] });
  await expect(runQuery('select x')).rejects.toThrow(new OperatorError(message));
  expect(sent.StopQueryExecution).toBeUndefined();
});

test('an unknown workgroup throws which setting to correct', async () => {
  const { aws } = await startAthena({});
  aws.stub('athena:StartQueryExecution', () => ({
    status: 400,
    body: JSON.stringify({ __type: 'InvalidRequestException', message: 'WorkGroup is not found.' }),
  }));
  await expect(runQuery('select 1')).rejects.toThrow(
    /^Athena has no workgroup minitwit in this region\. Set WAREHOUSE_ATHENA_WORKGROUP /,
  );
});

test('a query that is longer than Athena accepts is not sent', async () => {
  const { aws } = await startAthena({});
  await expect(runQuery(`select '${'ü'.repeat(131_072)}'`)).rejects.toThrow(
    'The query is longer than 262144 bytes',
  );
  expect(aws.actions).toEqual([]);
});

test('a result of more than 100,000 rows throws where the whole result is', async () => {
  const page = Array.from({ length: 1000 }, () => ['1']);
  await startAthena({
    columns: [['id', 'bigint']],
    pages: Array.from({ length: 101 }, () => page),
  });
  await expect(runQuery('select message_id from message')).rejects.toThrow(
    /^The result has more than 100000 rows .* s3:\/\/bucket\/athena\/query-1\.csv$/,
  );
});

test('`sql --athena` prints the result, and the scanned bytes on stderr', async () => {
  const { aws, sent } = await startAthena({
    columns: [
      ['username', 'varchar'],
      ['messages', 'bigint'],
    ],
    pages: [
      [
        ['alice, the first', '2'],
        [null, '0'],
      ],
    ],
  });
  const settings = {
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    WAREHOUSE_ATHENA_WORKGROUP: 'another',
  };
  const sql = 'select username, count(*) as messages from message group by 1';
  const parameters = ['sql', '--athena', '--csv', sql];
  const program = startProgram('src/warehouse.ts', settings, { parameters });
  expect(await program.ended).toBe(0);
  expect(program.output.stdout).toBe('username,messages\r\n"alice, the first",2\r\n,0\r\n');
  expect(program.output.stderr).toContain('Athena scanned 22.3 MB');
  expect(sent.StartQueryExecution).toMatchObject([{ QueryString: sql, WorkGroup: 'another' }]);
});
