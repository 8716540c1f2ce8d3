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
const READER_PASSWORD = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:reader';
const CANARY = 'canary-7d2e';
const OWN_PASSWORD = `own' "$(id)" \\ ${CANARY}`;
const READERS_PASSWORD = `reader's ${CANARY}`;

let folder: string;
let server: TlsServer;

/** Writes a program that records its command line, and then runs these lines. */
async function putProgram(name: string, lines: string): Promise<void> {
  const text = `#!/bin/bash\necho "\${0##*/} $*" >>'${folder}/calls'\n${lines}\n`;
  await writeFile(join(folder, 'bin', name), text, { mode: 0o755 });
}

async function putSecret(name: 'master' | 'minitwit' | 'reader', value: string): Promise<void> {
  const answer = { Name: name, SecretString: value };
  await writeFile(join(folder, 'secrets', name), JSON.stringify(answer));
}

/** Creates an instance's MiniTwit folder, and a fake AWS CLI on the path. */
async function makeInstance(authority: string): Promise<void> {
  for (const name of ['app', 'app/dist', 'bin', 'secrets']) await mkdir(join(folder, name));
  for (const name of ['migrations', 'node_modules', 'schema.sql', 'package.json'])
    await symlink(resolve(name), join(folder, 'app', name));
  // An instance has the compiled file. Node runs the source.
  for (const name of ['initdb', 'sql'])
    await symlink(resolve(`src/${name}.ts`), join(folder, `app/dist/${name}.js`));
  await writeFile(join(folder, 'app/rds-ca.pem'), await readFile(authority));
  await putProgram('node', `exec '${process.execPath}' "$@"`);
  // Only root can run setpriv: test/deploy/secrets.test.ts does.
  await putProgram('setpriv', 'while [[ $1 = --* ]]; do shift; done; exec "$@"');
  await putProgram(
    'aws',
    `echo "region $AWS_REGION" >>'${folder}/calls'
    name=\${*: -1}; name=\${name##*:}; [[ $name = rds!* ]] && name=master
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
    readerPassword: READER_PASSWORD,
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
      `drop user if exists 'minitwit'@'%', 'minitwit'@'127.0.0.1', 'minitwit_reader'@'%'`,
    );
  });
  beforeEach(async () => {
    const { user: username, password } = server.administrator;
    await putSecret('master', JSON.stringify({ username, password }));
    await putSecret('minitwit', OWN_PASSWORD);
    await putSecret('reader', READERS_PASSWORD);
  });

  const logIn = async (password: string) => {
    const config = { ...server.config, user: 'minitwit', password };
    await runSql(config, 'select user_id from user', 'select user_id from profile');
  };

  test('creates the tables and the two users with the three secrets', async () => {
    expect(await setUp()).toEqual({
      status: 0,
      stdout:
        'Initialized the database.\nCreated the user "minitwit", who may only read and write rows.\n' +
        'The user "minitwit_reader" may only read, without password hashes and sessions.\n',
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
    expect(calls).toMatch(
      /^node dist\/initdb\.js --if-missing --user minitwit --reader minitwit_reader$/m,
    );
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
      stdout: expect.stringContaining('Nothing was changed.\nSet the password of the user'),
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

  test('creates no reader with an image of an earlier version, and prints what to do', async () => {
    await rm(join(folder, 'app/dist/sql.js'));
    const { status, stdout } = await setUp();
    await symlink(resolve('src/sql.ts'), join(folder, 'app/dist/sql.js'));
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^The image of this instance cannot create the user "minitwit_reader"\. Run the commands image, roll, and up --set SetUp=yes\.\n/,
    );
    expect(stdout).not.toContain('may only read, ');
  });

  describe('the script of the SQL prompt', () => {
    beforeAll(async () => {
      for (const name of ['database.sh', 'instance-functions.sh']) {
        const text = await readFile(`userdata/${name}`, 'utf8');
        const here = text.replace('APP=/opt/minitwit', `APP='${folder}/app'`);
        await writeFile(join(folder, 'app', name), here);
      }
    });

    /** Runs statements at the prompt of this user. */
    async function query(user: string, secret: string, ...statements: string[]) {
      await rm(join(folder, 'calls'), { force: true });
      await writeFile(join(folder, 'input'), statements.map((it) => `${it}\n`).join(''));
      const words = ['eu-central-1', 'localhost', user, secret]
        .map((word) => `'${word}'`)
        .join(' ');
      const command = `bash '${folder}/app/database.sh' ${words} <'${folder}/input'`;
      const { ended, output } = startCommand(['/bin/bash', '--norc', '-c', command], {
        PATH: `${folder}/bin:${process.env.PATH}`,
        DB_PORT: String(server.config.port),
      });
      return { status: await ended, ...output };
    }

    test('opens a prompt as a user who may only read, and shows no password', async () => {
      await setUp();
      const { status, stdout, stderr } = await query(
        'minitwit_reader',
        READER_PASSWORD,
        `select concat('user ', current_user()) as it;`,
        'select count(*) as number from message;',
        'select pw_hash from user;',
        'delete from message where message_id = 1;',
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain('user minitwit_reader@%\n1 row');
      expect(stdout).toMatch(/number\n0 +\n1 row|number\n0\n1 row/);
      expect(stdout).toMatch(/Error 1143: SELECT command denied/);
      expect(stdout).toMatch(/Error 1142: DELETE command denied/);
      const calls = await readFile(join(folder, 'calls'), 'utf8');
      expect(calls).toMatch(/^setpriv --reuid=65534 .* node dist\/sql\.js$/m);
      expect(calls + stdout).not.toContain(CANARY);
    });

    test('opens a prompt as the user of the application, who may also write', async () => {
      await setUp();
      const { stdout } = await query(
        'minitwit',
        DATABASE_PASSWORD,
        `delete from message where message_id = 1;`,
      );
      expect(stdout).toContain('0 rows changed');
    });

    test('prints what to do if the database refuses the user', async () => {
      await setUp();
      await putSecret('reader', 'another password');
      const { status, stderr } = await query('minitwit_reader', READER_PASSWORD);
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /refused the user "minitwit_reader"\. [^\n]+\nIf the user is missing, run npm run cloud -- up --set SetUp=yes\.\n$/,
      );
    });
  });
});
