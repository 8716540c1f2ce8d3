import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { promisify, stripVTControlCharacters } from 'node:util';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { openPrompt, printPaths } from '../../../src/warehouse/commands/open-warehouse.ts';
import { fetchNewestRun } from '../../../src/warehouse/query/fetch-newest-run.ts';
import { waitFor } from '../../support/wait-for.ts';
import { writeRun } from '../query/write-run.ts';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

let folder: string;
let parquet: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "minitwit-o'pen "));
  parquet = join(folder, 'parquet');
  await writeRun(parquet);
  return () => rm(folder, { recursive: true });
});

const context = () => ({ folder, parquet, fetch: async () => undefined });

/** Opens a prompt on a terminal. */
function open() {
  const input = new PassThrough();
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
  let text = '';
  output.setEncoding('utf8').on('data', (data: string) => (text += data));
  const ended = openPrompt(context(), { input, output });
  onTestFinished(() => void input.end());
  const shown = () => stripVTControlCharacters(text).replaceAll('\r', '');
  const waitForText = (expected: string) =>
    waitFor(`the prompt shows ${expected}`, () => shown().includes(expected));
  return { ended, shown, waitForText, write: (keys: string) => void input.write(keys) };
}

test('the prompt answers queries of several lines, and continues after an error', async () => {
  const prompt = open();
  await prompt.waitForText('warehouse> ');
  prompt.write('select foo;\n');
  await prompt.waitForText('The query failed: Referenced column "foo"');
  prompt.write('drop view user;\n');
  await prompt.waitForText('The warehouse is read only');
  prompt.write("select username\nfrom user where username = 'bob'\n;\n");
  await prompt.waitForText('1 row.\n');
  expect(prompt.shown()).toContain('username\nbob\n1 row.\n');
  prompt.write(CTRL_D);
  await prompt.ended;
});

test('Ctrl-C cancels a query of the prompt', async () => {
  const prompt = open();
  await prompt.waitForText('warehouse> ');
  prompt.write('select count(*) from range(100000000000) t(i) where hash(i) = 3;\n');
  // Before the query runs, Ctrl-C discards typed text, of which there is none.
  await waitFor('the query is cancelled', () => {
    prompt.write(CTRL_C);
    return prompt.shown().includes('The query is cancelled.');
  });
  prompt.write('select 42 as answer;\n');
  await prompt.waitForText('1 row.\n');
  expect(prompt.shown()).toContain('answer\n42\n');
  prompt.write('exit\n');
  await prompt.ended;
});

test('another process opens the database that `open --paths` writes, read only', async () => {
  const lines: string[] = [];
  await printPaths(context(), (line) => lines.push(line));
  const path = join(folder, 'warehouse.duckdb');
  expect(lines.join('\n')).toContain(`import duckdb; duckdb.connect("${path}", read_only=True)`);
  const script = `import { DuckDBInstance } from '@duckdb/node-api';
    const instance = await DuckDBInstance.create(process.argv[1], { access_mode: 'READ_ONLY' });
    const reader = await (await instance.connect()).runAndReadAll('select username from user');
    console.log(reader.getRowsJson().join());`;
  const parameters = ['--input-type=module', '-e', script, path];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd: resolve('.') });
  expect(stdout).toBe('alice,bob\n');
});

test('the shell command for DuckDB quotes the path', async () => {
  const lines: string[] = [];
  await printPaths(context(), (line) => lines.push(line));
  const command = lines.find((line) => line.startsWith('DuckDB'))?.replace(/^DuckDB +duckdb/, '');
  const { stdout } = await promisify(execFile)('sh', ['-c', `printf '%s,' ${command ?? ''}`]);
  expect(stdout).toBe(`-readonly,${join(folder, 'warehouse.duckdb')},`);
  expect(existsSync(join(folder, 'warehouse.duckdb.new'))).toBe(false);
});

test('the files of the newest run that are missing here are fetched', async () => {
  const lines: string[] = [];
  const fetched: string[] = [];
  const store = {
    folder: parquet,
    open: async () => undefined,
    ensureFile: async ({ path }: { path: string }) => fetched.push(path) < 3,
  };
  const home = join(folder, 'home');
  await expect(fetchNewestRun(home, store, (line) => lines.push(line))).rejects.toThrow(
    /^The bucket does not have the file follower\/.* of the run 20261123T001500Z-0a1b\. /,
  );
  expect(lines).toEqual(['Fetching 3 Parquet files of the run 20261123T001500Z-0a1b …']);
  expect(fetched).toEqual([
    expect.stringMatching(/^user\//),
    expect.stringMatching(/^message\//),
    expect.stringMatching(/^follower\//),
  ]);
});
