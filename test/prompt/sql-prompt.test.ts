import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import type { RowDataPacket } from 'mysql2/promise';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { withConnection } from '../../src/database/with-connection.ts';
import { runSqlPrompt } from '../../src/prompt/sql-prompt.ts';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { runSql, useDatabase } from '../support/database.ts';
import { HANG_MS } from '../support/timeouts.ts';
import { waitFor } from '../support/wait-for.ts';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const ARROW_LEFT = '\u001B[D';

const { config } = useDatabase();

beforeAll(() =>
  runSql(
    config,
    `insert into user (user_id, username, email, pw_hash) values (1, 'roger', 'r@example.com', 'x'), (2, 'joe', '', 'x')`,
    String.raw`insert into message (author_id, text, pub_date) values (1, 'a\n\tb\0\Z\'', 5), (1, '😀', 4294967295)`,
  ),
);

/** Returns whether a statement with this text runs. */
async function isRunning(text: string): Promise<boolean> {
  return withConnection(config, { waitMaxMs: HANG_MS }, async (connection) => {
    const [rows] = await connection.query<RowDataPacket[]>('show processlist');
    return rows.some(({ Info }) => String(Info).includes(text));
  });
}

/** Opens a prompt on a terminal. */
function openPrompt(settings: Partial<DatabaseConfig> = {}) {
  const input = new PassThrough();
  const output = Object.assign(new PassThrough(), { isTTY: true });
  let text = '';
  output.setEncoding('utf8').on('data', (data: string) => (text += data));
  const ended = runSqlPrompt({ ...config, ...settings }, { input, output });
  onTestFinished(() => void input.end());
  const shown = () => stripVTControlCharacters(text).replaceAll('\r', '');
  const waitForText = (expected: string) =>
    waitFor(`the prompt shows ${expected}`, () => shown().includes(expected));
  return { ended, shown, waitForText, write: (keys: string) => void input.write(keys) };
}

/** Runs these lines, and returns the output after them. */
async function run(...lines: string[]): Promise<string> {
  const prompt = openPrompt();
  await prompt.waitForText('> ');
  for (const line of lines) prompt.write(`${line}\n`);
  prompt.write('exit\n');
  await prompt.ended;
  return prompt.shown().replaceAll(/\d+ ms\./g, 'N ms.');
}

test('prints the rows of a statement as a table, with their number', async () => {
  const shown = await run('select user_id, username, null as nothing from user order by user_id;');
  expect(shown).toContain(
    'user_id  username  nothing\n1        roger     NULL\n2        joe       NULL\n2 rows, N ms.\n',
  );
});

test('prints what controls the terminal in a readable form', async () => {
  const shown = await run('select text, pub_date from message order by message_id;');
  expect(shown).toContain(String.raw`a\n\tb\u0000\u001a'`);
  expect(shown).toMatch(/😀 +4294967295\n/u);
});

test('a statement may have several lines, and a line several statements', async () => {
  const shown = await run(
    'select username',
    `from user where username = 'joe'`,
    '; select 1; select ";";',
  );
  expect(shown).toMatch(/username\njoe\n1 row, N ms\.\n1\n1\n1 row, N ms\.\n;\n;\n1 row/);
});

test('prints the error of a statement, and continues', async () => {
  const shown = await run('select nothing from user;', 'select 2;');
  expect(shown).toMatch(/Error 1054: Unknown column 'nothing'/);
  expect(shown).toMatch(/2\n2\n1 row/);
});

test('refuses to change all rows of a table, and prints how many rows a change has changed', async () => {
  const shown = await run(
    `update user set email = 'x';`,
    `update user set email = 'y' where user_id = 2;`,
  );
  expect(shown).toMatch(/Error 1175: /);
  expect(shown).toContain('1 row changed, N ms.');
});

test('returns 1,000 rows at most, unless the statement has a limit', async () => {
  const numbers =
    'with recursive n as (select 1 as i union all select i + 1 from n where i < 1000)';
  const twice = `${numbers} select i from n union all select i from n`;
  expect(await run(`${twice};`)).toMatch(/1000 rows, N ms\. There may be more rows/);
  expect(await run(`${numbers} select a.i from n a join n b on b.i <= 2 limit 1500;`)).toContain(
    '1500 rows, N ms.',
  );
});

test('Ctrl-C cancels the running statement, and the prompt continues', async () => {
  const prompt = openPrompt();
  await prompt.waitForText('> ');
  prompt.write('select sleep(25) from user;\n');
  await waitFor('the statement runs', () => isRunning('sleep(25)'));
  prompt.write(CTRL_C);
  prompt.write('select 40 + 2;\n');
  await prompt.waitForText('42\n');
  // The time limit would have another number.
  expect(prompt.shown()).toContain('Error 1317: ');
  prompt.write(CTRL_D);
  await prompt.ended;
});

test('Ctrl-C discards the typed text', async () => {
  const prompt = openPrompt();
  await prompt.waitForText('> ');
  prompt.write('select 1\n');
  await prompt.waitForText('\n> ');
  prompt.write('from nowhere');
  await prompt.waitForText('from nowhere');
  // The cursor is not at the end of the line.
  prompt.write(ARROW_LEFT);
  prompt.write(CTRL_C);
  prompt.write('select 40 + 2;\n');
  await prompt.waitForText('42\n');
  expect(prompt.shown()).not.toContain('Error');
  prompt.write(CTRL_D);
  await prompt.ended;
});

test('ends with one message if the database refuses the login', async () => {
  const prompt = openPrompt({ user: 'nobody', password: 'wrong' });
  await expect(prompt.ended).rejects.toThrow(/refused the user "nobody"/);
});
