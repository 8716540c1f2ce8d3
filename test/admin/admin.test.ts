import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { Environment } from '../../src/config/environment.ts';
import { useMiniTwit } from '../support/minitwit.ts';
import { databaseSettings, startCommand, startProgram } from '../support/programs.ts';

const { user, visitor, repositories, database, databaseConfig } = useMiniTwit();
const settings = databaseSettings(databaseConfig);
const NASTY = '\u001b[2J\u202e';

/** Runs the program with these parameters. */
async function admin(parameters: string[], changes: Environment = {}) {
  const program = startProgram('src/admin.ts', { ...settings, ...changes }, { parameters });
  return { status: await program.ended, ...program.output };
}

/** Runs the program, and returns its output. Fails if the program fails. */
async function run(...parameters: string[]): Promise<string> {
  const { status, stdout, stderr } = await admin(parameters);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

/** Runs the program, and returns its error. Fails if the program succeeds. */
async function fail(...parameters: string[]): Promise<string> {
  const { status, stdout, stderr } = await admin(parameters);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  return stderr;
}

async function lastDecision() {
  const { decisions } = await repositories.audit.listDecisions(null);
  return decisions[0];
}

test('lists users by the beginning of their names, in pages', async () => {
  const rows = Array.from({ length: 60 }, (_, index) => [
    `list%${String(index).padStart(2, '0')}`,
    'someone@example.com',
    'x',
  ]);
  await database.execute('insert into user (username, email, pw_hash) values :rows', { rows });
  await user('listing');
  const first = (await run('users', 'list%')).trimEnd().split('\n');
  expect(first[0]).toMatch(/^ID +NAME +EMAIL +ROLE +STATE$/);
  expect(first[1]).toMatch(/^\d+ +list%00 +someone@example\.com +user +active$/);
  expect(first).toHaveLength(52);
  expect(first.at(-1)).toContain('--after');
  const second = (await run('users', 'list%', '--after', 'list%49')).trimEnd().split('\n');
  expect(second).toHaveLength(11);
  expect(await run('users', 'LIST')).toBe('There are no such users.\n');
});

test('a name without a user is an error', async () => {
  for (const [name, ...others] of [
    ['suspend', 'Nobody', '--reason', 'spam'],
    ['delete', 'Nobody', '--yes'],
    ['rename', 'Nobody', 'other'],
    ['moderator', 'x'.repeat(1000)],
  ]) {
    expect(await fail(name ?? '', ...others)).toMatch(
      /^There is no user called "(Nobody|x{1000})"\./,
    );
  }
});

test('makes moderators, and ends their role', async () => {
  await user('mona');
  expect(await run('moderator', 'mona', '--reason', 'She knows the rules')).toBe(
    'mona is a moderator now.\n',
  );
  expect(await lastDecision()).toMatchObject({
    actor: null,
    action: 'make_moderator',
    username: 'mona',
    reason: 'She knows the rules',
  });
  expect(await run('users', 'mona')).toMatch(/mona .* moderator +active/);
  expect(await run('moderator', 'mona')).toBe('mona is a moderator already.\n');
  expect(await run('moderator', 'mona', '--remove')).toBe('mona is no moderator now.\n');
});

test('suspends a user, and ends the suspension', async () => {
  const sam = await user('sam');
  await sam.addMessage('a message of sam');
  expect(await run('suspend', 'sam', '--days', '7', '--reason', 'spam')).toMatch(
    /^sam is suspended until \d{4}-\d\d-\d\d \d\d:\d\d UTC\.\n$/,
  );
  expect((await visitor().get('/public')).text).not.toContain('a message of sam');
  expect(await lastDecision()).toMatchObject({ actor: null, action: 'suspend', reason: 'spam' });
  expect(await run('users', 'sam')).toMatch(/sam .* suspended/);
  expect(await run('unsuspend', 'sam')).toBe('sam is no longer suspended.\n');
  expect((await visitor().get('/public')).text).toContain('a message of sam');
  expect(await fail('unsuspend', 'sam')).toBe('sam is not suspended.\n');
  expect(await fail('suspend', 'sam')).toContain("required option '--reason <text>'");
  for (const days of ['0', '-1', '1.5', '9999', 'x']) {
    expect(await fail('suspend', 'sam', '--reason', 'x', '--days', days)).toContain('--days <n>');
  }
  for (const reason of [' ', 'x'.repeat(1001)]) {
    expect(await fail('suspend', 'sam', '--reason', reason)).toContain('--reason <text>');
  }
});

test('renames a user to a name that can be registered', async () => {
  const rita = await user('rita');
  await user('paul');
  expect(await run('rename', 'rita', 'Zoe\u0308')).toBe(
    'rita is called Zo\u00eb now, on all pages.\n',
  );
  expect((await rita.get('/settings')).text).toContain('sign out [Zo\u00eb]');
  expect(await lastDecision()).toMatchObject({ action: 'rename', username: 'rita' });
  expect(await fail('rename', 'Zo\u00eb', 'admin')).toContain('This username is reserved');
  expect(await fail('rename', 'Zo\u00eb', 'p\u0430ul')).toContain('This username resembles one');
});

test('deletes an account after its name was typed', async () => {
  await user('dora');
  expect((await admin(['delete', 'dora'])).stderr).toBe(
    'The answer is not the name. Nothing was deleted.\n',
  );
  expect(await repositories.users.findUser('dora')).not.toBeNull();
  const program = startCommand(
    [
      '/bin/sh',
      '-c',
      'echo dora | "$@"',
      '-',
      process.execPath,
      resolve('src/admin.ts'),
      'delete',
      'dora',
    ],
    settings,
  );
  expect(await program.ended).toBe(0);
  expect(program.output.stdout).toContain('Type the name to confirm: ');
  expect((await visitor().get('/dora')).status).toBe(404);
  expect(await lastDecision()).toMatchObject({ actor: null, action: 'delete', username: 'dora' });

  await user('emil');
  expect(await run('delete', 'emil', '--yes', '--reason', 'asked by mail')).toContain(
    'emil is deleted, and on no page any more.',
  );
  expect((await visitor().get('/emil')).status).toBe(404);
});

test('prints a link with which a user sets a new password once', async () => {
  await user('rosa');
  const { stdout } = await admin(['reset-password', 'rosa'], { SITE_URL: 'https://example.com/' });
  const [, path = ''] = /^https:\/\/example\.com(\/reset_password\/[\w-]{43})$/m.exec(stdout) ?? [];
  const form = { password: 'a new password', password2: 'a new password' };
  expect((await visitor().get(path)).status).toBe(200);
  await visitor().post(path, form);
  expect((await visitor().login('rosa', 'a new password')).text).toContain('You were logged in');
  expect((await visitor().get(path)).status).toBe(404);
  expect(await lastDecision()).toMatchObject({ action: 'reset_password', username: 'rosa' });
  expect(await run('reset-password', 'rosa')).toMatch(
    /^\/reset_password\/[\w-]{43}\nSITE_URL is not set/m,
  );
});

test('removes the second factor of a user who has lost it', async () => {
  await user('tina');
  expect(await fail('remove-second-factor', 'tina')).toBe('tina has no second factor.\n');
  const tina = await repositories.users.findUser('tina');
  await database.execute(`insert into totp (user_id, secret) values (:userId, 'x')`, {
    userId: tina?.userId ?? 0,
  });
  expect(await run('remove-second-factor', 'tina', '--reason', 'lost phone')).toBe(
    'tina signs in with the password alone now.\n',
  );
  expect(await lastDecision()).toMatchObject({ action: 'remove_second_factor', username: 'tina' });
});

test('lists decisions, and escapes all that a terminal could execute', async () => {
  // No form accepts such a name.
  const name = `eve-${NASTY}`;
  await database.execute(`insert into user (username, email, pw_hash) values (:name, :name, 'x')`, {
    name,
  });
  const escaped = String.raw`eve-\u{1b}[2J\u{202e}`;
  const users = await run('users', 'eve');
  expect(users).toContain(`${escaped}  ${escaped}  user`);
  await user('rob');
  await run('suspend', 'rob', '--reason', `line\nanother ${NASTY}`);
  const audit = await run('audit');
  expect(audit.split('\n')[0]).toMatch(/^ID +TIME +BY +DECISION +ABOUT +MESSAGE +REASON$/);
  expect(audit.split('\n')[1]).toMatch(/^\d+ +\d{4}-.* UTC +\(operator\) +suspend +rob +line/);
  expect(audit).toContain(String.raw`line\u{a}another \u{1b}[2J\u{202e}`);
  expect(await fail('moderator', `nobody${NASTY}`)).toContain(
    String.raw`"nobody\u{1b}[2J\u{202e}"`,
  );
  for (const output of [users, audit]) {
    expect(output).not.toContain('\u001b');
    expect(output).not.toContain('\u202e');
  }
  const [, id = ''] = /^(\d+)/m.exec(audit.split('\n')[1] ?? '') ?? [];
  expect(await run('audit', '--before', id)).not.toContain(`\n${id} `);
  expect(await run('audit', '--before', '1')).toBe('There are no such decisions.\n');
});

test('lists open reports, in pages', async () => {
  await user('vera');
  await user('walt');
  const [vera, walt] = await Promise.all(
    ['vera', 'walt'].map((name) => repositories.users.findUser(name)),
  );
  expect(await run('reports')).toBe('There are no such reports.\n');
  for (let messageId = 1; messageId <= 21; messageId++) {
    await repositories.reports.createReport({
      reporterId: vera?.userId ?? 0,
      userId: walt?.userId ?? 0,
      messageId,
      reason: 'spam',
      text: `links${NASTY}`,
    });
  }
  const lines = (await run('reports')).trimEnd().split('\n');
  expect(lines[0]).toMatch(/^ID +TIME +BY +ABOUT +MESSAGE +REASON +TEXT$/);
  expect(lines[1]).toMatch(/^\d+ +\d{4}-.* UTC +vera +walt +21 +spam +links\\u\{1b\}\[2J/);
  expect(lines).toHaveLength(22);
  const [, id = ''] = /--before (\d+)/.exec(lines.at(-1) ?? '') ?? [];
  expect((await run('reports', '--before', id)).trimEnd().split('\n')).toHaveLength(2);
  expect(await fail('reports', '--before', 'x')).toContain('--before <id>');
});

test('wrong settings and an unknown command are errors', async () => {
  const { status, stderr } = await admin(['users'], { DB_HOST: '', DB_NAME: '' });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^Settings are missing or invalid:\n  DB_HOST is not set\.\n  DB_NAME is not set\.\n$/,
  );
  const closed = await admin(['users'], { DB_PORT: '1' });
  expect(closed).toMatchObject({ status: 1, stdout: '' });
  expect(closed.stderr).not.toContain('    at ');
  expect(closed.stderr.split('\n')).toHaveLength(2);
  expect((await admin(['nothing'])).status).toBe(1);
  expect((await admin(['--help'], { DB_HOST: '' })).stdout).toContain('reset-password');
});
