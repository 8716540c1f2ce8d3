import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest';
import { ensureAppUser } from '../../../src/database/app-user.ts';
import { ensureReader } from '../../../src/database/reader-user.ts';
import { migrateSchema } from '../../../src/database/schema.ts';
import { HANG_MS } from '../../support/timeouts.ts';
import { rotateSecrets } from '../../../src/cloud/commands/rotate-secrets.ts';
import { parseSessionSecrets } from '../../../src/cloud/secrets/session-secret.ts';
import { changeStack } from '../../../src/cloud/stack/change-stack.ts';
import { toChangedParameters } from '../../../src/cloud/stack/parameters.ts';
import { requireStack } from '../../../src/cloud/stack/stack.ts';
import { waitUntilStable } from '../../../src/cloud/stack/wait-until-stable.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import { OperatorError } from '../../../src/errors/operator-error.ts';
import { runSql, useEmptyDatabase } from '../../support/database.ts';
import {
  DATABASE_PASSWORD,
  OLD_PASSWORD,
  OLD_READER_PASSWORD,
  OLD_SECRET,
  openRotationSite,
  READER_PASSWORD,
  type RotationSite,
  SESSION_SECRET,
} from './rotation-site.ts';

const ATTEMPTS_MAX = 40;
// All requests of the command.
const ACTIONS = [
  ...['DescribeAutoScalingGroups'].map((each) => `autoscaling:${each}`),
  ...['DescribeTargetHealth'].map((each) => `elasticloadbalancing:${each}`),
  ...[
    'CreateChangeSet',
    'DeleteChangeSet',
    'DescribeChangeSet',
    'DescribeStackEvents',
    'DescribeStacks',
    'ExecuteChangeSet',
    'ListStackResources',
  ].map((each) => `cloudformation:${each}`),
  ...['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'].map(
    (each) => `secretsmanager:${each}`,
  ),
  ...['DescribeInstanceInformation', 'GetCommandInvocation', 'SendCommand'].map(
    (each) => `ssm:${each}`,
  ),
];

const database = useEmptyDatabase();
const server = inject('administrator');
// An underscore is a wildcard in grants.
const grantedDatabase = `\`${database.name.replaceAll('_', String.raw`\_`)}\`.*`;

// Without an administrator, the tests cannot create users.
describe.skipIf(server === null)('secrets rotate', () => {
  const administrator = { ...database, user: server?.user ?? '', password: server?.password ?? '' };
  const name = `app_${randomBytes(6).toString('hex')}`;
  const reader = `${name}_reader`;
  const logIn = (password: string, user = name) =>
    runSql({ ...database, user, password }, 'select 1');

  beforeEach(async () => {
    await runSql(
      administrator,
      `drop user if exists '${name}'@'%'`,
      `create user '${name}'@'%' identified by '${OLD_PASSWORD}'`,
      `drop user if exists '${reader}'@'%'`,
      `create user '${reader}'@'%' identified by "${OLD_READER_PASSWORD}"`,
      `grant select on ${grantedDatabase} to '${name}'@'%', '${reader}'@'%'`,
    );
    onTestFinished(() => runSql(administrator, `drop user '${name}'@'%', '${reader}'@'%'`));
  });

  const openSite = (instanceIds?: string[], outputs?: { ReaderPassword: undefined }) =>
    openRotationSite({ administrator, name, reader }, instanceIds, outputs);

  /** Rotates, and returns `done` or the message of the error. */
  const rotate = ({ open }: RotationSite, options: { leaked?: boolean; dryRun?: boolean } = {}) =>
    rotateSecrets(open(), { leaked: false, dryRun: false, ...options }).then(
      () => 'done',
      errorMessage,
    );

  /** Asserts that the rotation is finished, and returns the new session secrets. */
  async function expectRotated({ secrets, servers, cloud, assertServes, hasReader }: RotationSite) {
    await assertServes();
    const password = secrets.read(DATABASE_PASSWORD) ?? '';
    expect(password).toMatch(/^[\w-]{48}$/);
    await logIn(password);
    const oldLogins = [
      { password: OLD_PASSWORD, user: name },
      ...(hasReader ? [{ password: OLD_READER_PASSWORD, user: reader }] : []),
    ];
    for (const old of oldLogins)
      await expect(logIn(old.password, old.user)).rejects.toThrow('refused the user');
    const sessionSecrets = parseSessionSecrets(secrets.read(SESSION_SECRET) ?? '');
    expect([...servers.values()]).toEqual([...servers].map(() => ({ password, sessionSecrets })));
    for (const id of [DATABASE_PASSWORD, SESSION_SECRET, ...(hasReader ? [READER_PASSWORD] : [])]) {
      expect(secrets.read(id, 'AWSPENDING')).toBeNull();
    }
    await waitUntilStable(cloud);
    expect((await requireStack(cloud)).parameters.SetUp).toBe('no');
    return sessionSecrets;
  }

  /** Lets the command fail after so many requests that change something, as if its process was killed. */
  function killAfter({ aws }: RotationSite, count: number): void {
    let changes = 0;
    aws.onRequest = (action) => {
      if (changes === count) for (const each of ACTIONS) aws.fail(each, 'AccessDenied');
      else if (isChange(action)) changes += 1;
    };
  }

  const isChange = (action: string) => !/:(Describe|List|Get)/.test(action);

  test('replaces all secrets, restarts each server twice, and never shows a secret', async () => {
    const site = await openSite();
    const scripts: string[] = [];
    site.onScript = (_id, script) => {
      scripts.push(script);
      return site.assertServes();
    };
    expect(await rotate(site)).toBe('done');
    const [newSecret, ...others] = await expectRotated(site);
    expect(others).toEqual([OLD_SECRET]);
    expect(newSecret).toMatch(/^[\w-]{48}$/);
    // The database learns the new password, and forgets the old one after the first of two waves of restarts. It learns
    // and forgets those of the reader in between, before any restart.
    expect(scripts).toHaveLength(6 + 4);
    const isRestart = scripts.map((script) => script.includes('MAY_RESTART='));
    expect(isRestart.slice(0, 4)).toEqual([false, false, false, true]);
    // The instances may read the master password twice.
    expect(site.aws.actions.filter((it) => it === 'cloudformation:ExecuteChangeSet').length).toBe(
      4,
    );
    const shown = [...site.lines, ...scripts].join('\n');
    for (const id of [DATABASE_PASSWORD, READER_PASSWORD, SESSION_SECRET]) {
      for (const value of site.secrets.listValues(id).flatMap((it) => it.split(','))) {
        expect(shown).not.toContain(value);
      }
    }
  });

  test('continues after it was killed at any step, while the site serves', async () => {
    const site = await openSite();
    site.onScript = () => site.assertServes();
    for (let attempt = 1; ; attempt++) {
      killAfter(site, attempt);
      const outcome = await rotate(site);
      site.aws.onRequest = () => undefined;
      site.aws.clearFaults();
      await site.waitForScripts();
      await site.assertServes();
      if (outcome === 'done') break;
      expect(outcome).toContain('Run npm run cloud -- secrets rotate again to continue.');
      expect(attempt).toBeLessThan(ATTEMPTS_MAX);
    }
    expect(await expectRotated(site)).toHaveLength(2);
  });

  test('stopped by the operator at any step, takes the access to the master password away, and continues later', async () => {
    const site = await openSite();
    for (let attempt = 1; ; attempt++) {
      let changes = 0;
      site.aws.onRequest = (action) => {
        if (isChange(action) && (changes += 1) === attempt) site.stop();
      };
      const outcome = await rotate(site);
      await site.waitForScripts();
      await site.assertServes();
      expect((await requireStack(site.cloud)).parameters.SetUp).toBe('no');
      if (outcome === 'done') break;
      expect(outcome).toContain('Stopped by SIGINT.');
      expect(attempt).toBeLessThan(ATTEMPTS_MAX);
    }
    expect(await expectRotated(site)).toHaveLength(2);
  });

  test('succeeds if responses of Secrets Manager are lost, and if its reads are stale', async () => {
    const site = await openSite();
    site.secrets.staleReads = 2;
    for (const action of ['PutSecretValue', 'UpdateSecretVersionStage']) {
      // Every second response, so that the repeated request succeeds.
      for (const after of [0, 2, 4, 6]) {
        site.aws.loseResponse(`secretsmanager:${action}`, { after });
      }
    }
    expect(await rotate(site)).toBe('done');
    expect(await expectRotated(site)).toHaveLength(2);
  });

  test('includes instances that start while it runs, and ignores one that ends', async () => {
    const site = await openSite();
    let count = 2;
    site.onScript = async (instanceId) => {
      if (count >= 6) return;
      site.servers.set(`i-${(count += 1)}`, site.startServer());
      site.servers.delete(instanceId);
      await site.assertServes();
    };
    expect(await rotate(site)).toBe('done');
    expect(await expectRotated(site)).toHaveLength(2);
  });

  test('replaces the only instance, since its restart would interrupt the site', async () => {
    const site = await openSite(['i-1']);
    site.onScript = () => site.assertServes();
    expect(await rotate(site)).toBe('done');
    await expectRotated(site);
    expect([...site.servers.keys()]).toEqual(['i-1xx']);
    expect(site.refreshes.map((it) => it['Preferences.SkipMatching'])).toEqual(['false', 'false']);
  });

  test('after a leak, makes all servers refuse the old session secret', async () => {
    const site = await openSite();
    expect(await rotate(site, { leaked: true })).toBe('done');
    expect(await expectRotated(site)).toHaveLength(1);
  });

  test('retains older session secrets of the last 30 days, and drops them afterwards', async () => {
    const site = await openSite();
    expect(await rotate(site)).toBe('done');
    const [first] = await expectRotated(site);
    expect(await rotate(site)).toBe('done');
    const [second, ...others] = await expectRotated(site);
    expect(others).toEqual([first, OLD_SECRET]);
    const value = site.secrets.read(SESSION_SECRET) ?? '';
    site.secrets.create(SESSION_SECRET, value, new Date(Date.now() - 31 * 24 * 3_600_000));
    expect(await rotate(site)).toBe('done');
    expect((await expectRotated(site)).slice(1)).toEqual([second]);
  });

  test('two commands at once end with the same secrets', async () => {
    const site = await openSite();
    site.onScript = () => site.assertServes();
    await Promise.all([rotate(site), rotate(site)]);
    await site.waitForScripts();
    await site.assertServes();
    const isUnfinished = [DATABASE_PASSWORD, READER_PASSWORD, SESSION_SECRET].some(
      (id) => site.secrets.read(id, 'AWSPENDING') !== null,
    );
    expect(isUnfinished ? await rotate(site) : 'done').toBe('done');
    await expectRotated(site);
  });

  test('is not disturbed by an initialization of the database at the same time', async () => {
    const site = await openSite();
    await migrateSchema(database, { waitMaxMs: HANG_MS });
    const { secrets } = site;
    const initialize = async () => {
      const passwordOf = (id: string) => secrets.read(id) ?? '';
      const app = { name, password: passwordOf(DATABASE_PASSWORD) };
      await ensureAppUser(administrator, app, { waitMaxMs: HANG_MS });
      const readerLogin = { name: reader, password: passwordOf(READER_PASSWORD) };
      await ensureReader(administrator, readerLogin, { waitMaxMs: HANG_MS });
      await site.assertServes();
    };
    site.onScript = initialize;
    expect(await rotate(site)).toBe('done');
    await expectRotated(site);
  });

  test('a dry run prints the steps and changes nothing', async () => {
    const site = await openSite();
    expect(await rotate(site, { dryRun: true })).toBe('done');
    expect(site.aws.actions.filter(isChange)).toEqual([]);
    expect(site.lines).toEqual([
      expect.stringMatching(/^database password, changed \d+ days ago$/),
      expect.stringMatching(/^reader password, changed \d+ days ago$/),
      expect.stringMatching(/^session secret, changed \d+ days ago$/),
      expect.stringMatching(/^1\. Store new database passwords and a new session secret\./),
      expect.stringMatching(/^2\. An instance makes the database accept/),
      expect.stringMatching(/^3\. Restart the server of each instance/),
      expect.stringMatching(
        /^4\. An instance makes the database refuse the old password of the servers/,
      ),
      expect.stringMatching(/^5\. Restart each server again/),
      'Nothing was changed.',
    ]);
  });

  test('continues with the session secret alone if the password was rotated before the interruption', async () => {
    const site = await openSite();
    site.aws.fail('secretsmanager:UpdateSecretVersionStage', 'AccessDenied', { after: 4 });
    expect(await rotate(site)).toContain('The rotation is unfinished.');
    site.aws.clearFaults();
    const readPasswords = () =>
      [DATABASE_PASSWORD, READER_PASSWORD].map((id) => site.secrets.read(id));
    const passwords = readPasswords();
    expect(await rotate(site, { dryRun: true })).toBe('done');
    expect(site.lines.join('\n')).toContain('A rotation is unfinished.');
    expect(site.lines.join('\n')).not.toContain('database passwords');
    expect(await rotate(site)).toBe('done');
    await expectRotated(site);
    expect(readPasswords()).toEqual(passwords);
  });

  test('rotates the other secrets of a stack that has no reader', async () => {
    const site = await openSite(['i-1', 'i-2'], { ReaderPassword: undefined });
    expect(await rotate(site)).toBe('done');
    await expectRotated(site);
    await logIn(OLD_READER_PASSWORD, reader);
  });

  test('replaces the secret of the reader if the database has no such user', async () => {
    const site = await openSite();
    site.hasReader = false;
    expect(await rotate(site)).toBe('done');
    await expectRotated(site);
    expect(site.secrets.read(READER_PASSWORD)).not.toBe(OLD_READER_PASSWORD);
    expect(site.secrets.read(READER_PASSWORD, 'AWSPENDING')).toBeNull();
  });

  test('does not replace the password of the reader again if it was interrupted after it', async () => {
    const site = await openSite();
    site.onScript = (_id, script) => {
      if (script.includes(`DATABASE_USER='minitwit'`)) throw new OperatorError('No answer.');
    };
    expect(await rotate(site)).toContain('The rotation is unfinished.');
    const password = site.secrets.read(READER_PASSWORD);
    expect(password).not.toBe(OLD_READER_PASSWORD);
    site.onScript = () => site.assertServes();
    expect(await rotate(site)).toBe('done');
    await expectRotated(site);
    expect(site.secrets.read(READER_PASSWORD)).toBe(password);
  });

  test('changes nothing if the session secret is invalid', async () => {
    const site = await openSite();
    site.secrets.create(SESSION_SECRET, 'short');
    expect(await rotate(site)).toMatch(/^The session secret in Secrets Manager is invalid/);
    expect(site.aws.actions.filter(isChange)).toEqual([]);
  });

  test('changes nothing if the database does not accept the password in Secrets Manager', async () => {
    const site = await openSite();
    site.secrets.create(DATABASE_PASSWORD, 'never stored in the database');
    expect(await rotate(site)).toContain(`The user "${name}" was not changed`);
    await logIn(OLD_PASSWORD);
  });

  test('changes nothing before the database is initialized', async () => {
    const site = await openSite();
    const stack = await requireStack(site.cloud);
    const parameters = toChangedParameters(stack, { SetUp: 'yes' });
    await changeStack(site.open(), stack, { template: null, parameters, dryRun: false });
    expect(await rotate(site)).toBe(
      'The database is not initialized. Run npm run cloud -- up first.',
    );
    expect(site.secrets.read(DATABASE_PASSWORD)).toBe(OLD_PASSWORD);
  });

  test('stops at a server that does not become ready, and continues when it is run again', async () => {
    const site = await openSite();
    site.onScript = (instanceId) => {
      if (instanceId === 'i-2')
        throw new OperatorError('The server is not ready after its restart.');
    };
    const outcome = await rotate(site);
    expect(outcome).toContain('Restarting MiniTwit on i-2 has failed: Failed');
    expect(outcome).toContain('The server is not ready after its restart.');
    await site.assertServes();
    site.onScript = () => undefined;
    expect(await rotate(site)).toBe('done');
    await expectRotated(site);
  });
});
