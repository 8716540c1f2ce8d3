import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { renderInitdbScript } from '../../../src/cloud/database/initdb-script.ts';
import { useCleanup } from '../../support/cleanup.ts';
import { createAuthority } from '../../support/certificates.ts';
import { runSql } from '../../support/database.ts';
import { startCommand } from '../../support/programs.ts';
import { startTlsServer, type TlsServer } from '../../support/tls-server.ts';

const MASTER_SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-it's";
const DATABASE_PASSWORD = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:minitwit';
const CANARY = 'canary-7d2e';
const OWN_PASSWORD = `own' "$(id)" \\ ${CANARY}`;

let folder: string;
let server: TlsServer;

/** Writes a program that records its command line, and then runs these lines. */
async function putProgram(name: string, lines: string): Promise<void> {
  const text = `#!/bin/bash\necho "\${0##*/} $*" >>'${folder}/calls'\n${lines}\n`;
  await writeFile(join(folder, 'bin', name), text, { mode: 0o755 });
}

async function putSecret(name: 'master' | 'minitwit', value: string): Promise<void> {
  const answer = { Name: name, SecretString: value };
  await writeFile(join(folder, 'secrets', name), JSON.stringify(answer));
}

/** Creates an instance's MiniTwit folder, and a fake AWS CLI on the path. */
async function makeInstance(authority: string): Promise<void> {
  for (const name of ['app', 'app/dist', 'bin', 'secrets']) await mkdir(join(folder, name));
  for (const name of ['node_modules', 'schema.sql', 'package.json'])
    await symlink(resolve(name), join(folder, 'app', name));
  // An instance has the compiled file. Node runs the source.
  await symlink(resolve('src/initdb.ts'), join(folder, 'app/dist/initdb.js'));
  await writeFile(join(folder, 'app/rds-ca.pem'), await readFile(authority));
  await putProgram('node', `exec '${process.execPath}' "$@"`);
  // Only root can run setpriv: userdata.test.ts does.
  await putProgram('setpriv', 'while [[ $1 = --* ]]; do shift; done; exec "$@"');
  await putProgram(
    'aws',
    `echo "region $AWS_REGION" >>'${folder}/calls'
    [[ "\${*: -1}" = *:rds!* ]] && name=master || name=minitwit
    cat '${folder}/secrets/'$name 2>/dev/null && exit
    echo 'An error occurred (AccessDeniedException): not allowed' >&2; exit 254`,
  );
}

async function setUp(giveUpAfterS = 120) {
  const script = await renderInitdbScript({
    region: 'eu-central-1',
    endpoint: 'localhost',
    masterSecret: MASTER_SECRET,
    databasePassword: DATABASE_PASSWORD,
  });
  const path = join(folder, 'script.sh');
  const here = script
    .replace('APP=/opt/minitwit', `APP='${folder}/app'`)
    .replace('+ 120', `+ ${giveUpAfterS}`);
  await writeFile(path, here);
  const { ended, output } = startCommand(['/bin/bash', path], {
    PATH: `${folder}/bin:${process.env.PATH}`,
    DB_PORT: String(server.config.port),
    TMPDIR: folder,
  });
  return { status: await ended, ...output };
}

describe('the initdb script on an instance', () => {
  const defer = useCleanup();
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'minitwit-set-up-'));
    defer(() => rm(folder, { recursive: true }));
    const authority = await createAuthority(folder, 'authority');
    server = await startTlsServer(authority, 'localhost');
    defer(() => server.stop());
    await makeInstance(authority.certificate);
    // A new database of RDS has no such user.
    await runSql(
      server.administrator,
      `drop user if exists 'minitwit'@'%', 'minitwit'@'127.0.0.1'`,
    );
  });
  beforeEach(async () => {
    const { user: username, password } = server.administrator;
    await putSecret('master', JSON.stringify({ username, password }));
    await putSecret('minitwit', OWN_PASSWORD);
  });

  const logIn = async (password: string) => {
    const config = { ...server.config, user: 'minitwit', password };
    await runSql(config, 'select user_id from user', 'select user_id from profile');
  };

  test('creates the tables and the user with the two secrets', async () => {
    expect(await setUp()).toEqual({
      status: 0,
      stdout:
        'Initialized the database.\nCreated the user "minitwit", who may only read and write rows.\n',
      stderr: '',
    });
    await expect(logIn(OWN_PASSWORD)).resolves.toBeUndefined();
  });

  test('shows no secret on a command line or in a file', async () => {
    await putSecret('master', JSON.stringify({ username: 'administrator', password: CANARY }));
    const { status, stdout, stderr } = await setUp();
    expect(status).toBe(1);
    expect(stderr).toMatch(/refused the user "administrator"\. Check DB_USER and DB_PASSWD/);
    const calls = await readFile(join(folder, 'calls'), 'utf8');
    const get = 'aws secretsmanager get-secret-value --output json --secret-id';
    expect(calls).toContain(`${get} ${MASTER_SECRET}\nregion eu-central-1\n`);
    expect(calls).toContain(`${get} ${DATABASE_PASSWORD}\nregion eu-central-1\n`);
    expect(calls).toMatch(
      /^setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs node /m,
    );
    expect(calls).toMatch(/^node dist\/initdb\.js --if-missing --user minitwit$/m);
    expect(calls + stdout + stderr).not.toContain(CANARY);
    await rm(join(folder, 'secrets'), { recursive: true });
    const found = startCommand(['grep', '--recursive', '--files-with-matches', CANARY, folder]);
    expect(await found.ended).toBe(1);
    await mkdir(join(folder, 'secrets'));
  });

  test('gives the user a new password when it runs again', async () => {
    await putSecret('minitwit', JSON.stringify({ password: 'another one' }));
    expect(await setUp()).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Nothing was changed.\nChanged the password of the user'),
    });
    await expect(logIn('another one')).resolves.toBeUndefined();
  });

  test('prints which secret it may not read, and why', async () => {
    await rm(join(folder, 'secrets/master'));
    expect(await setUp(0)).toEqual({
      status: 1,
      stdout: '',
      stderr: `Cannot read the secret ${MASTER_SECRET}:\nAn error occurred (AccessDeniedException): not allowed\n`,
    });
  });
});
