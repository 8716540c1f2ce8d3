import { CreateHostedZoneCommand } from '@aws-sdk/client-route-53';
import { expect, test } from 'vitest';
import { runAdmin } from '../../../src/cloud/commands/admin.ts';
import { check } from '../../../src/cloud/commands/check.ts';
import { printCost } from '../../../src/cloud/commands/cost.ts';
import { openDatabasePrompt } from '../../../src/cloud/commands/database.ts';
import { openShell } from '../../../src/cloud/commands/exec.ts';
import { printLogs } from '../../../src/cloud/commands/logs.ts';
import { restore } from '../../../src/cloud/commands/restore.ts';
import { roll } from '../../../src/cloud/commands/roll.ts';
import { rotateSecrets } from '../../../src/cloud/commands/rotate-secrets.ts';
import { printStatus } from '../../../src/cloud/commands/status.ts';
import { up } from '../../../src/cloud/commands/up.ts';
import { json, stubSuccessfulChecks } from '../commands/check-fixture.ts';
import { stubLog } from '../logs/stub-log.ts';
import { makeImage } from '../make-image.ts';
import { installFakePlugin } from '../sessions/fake-plugin.ts';
import { stubSessions } from '../sessions/session-fixture.ts';
import { createStackFixture } from '../stack/fixture.ts';
import { prompt, stubSnapshots } from '../stack/restore-fixture.ts';
import { openTestCloud } from '../test-cloud.ts';
import { enforceOperatorPolicies } from './enforce.ts';
import { listAttachedPolicies, type Policy, ZONE } from './operator-policies.ts';

const now = { dryRun: false };
const HOUR_MS = 3_600_000;

type Site = Awaited<ReturnType<typeof createSite>>;

/**
 * Creates a stack that serves, in an account in which IAM decides by the policies of the operators. `enforced` has the
 * requests of the later commands, and `admin` may send any request.
 */
async function createSite() {
  const fixture = await createStackFixture();
  const { cloud: admin } = openTestCloud();
  const { cloud, account } = fixture;
  const enforced = await enforceOperatorPolicies(cloud.clients, account.id);
  await fixture.up();
  enforced.allowed.clear();
  return { ...fixture, admin, enforced };
}

async function runCheck({ open, account }: Site): Promise<void> {
  stubSuccessfulChecks(account);
  await check(open(), { parameters: {} });
}

async function runAdminCommand({ open, emulated }: Site): Promise<void> {
  emulated.runScript = () => ({ stdout: 'There are no such users.\n' });
  expect(await runAdmin(open(), ['users'])).toBe(0);
}

async function runCost({ open, account }: Site): Promise<void> {
  account.stub('ce:GetCostAndUsage', json({ ResultsByTime: [] }));
  await printCost(open(), now);
}

async function runLogs({ open, account }: Site): Promise<void> {
  stubLog(account, []);
  const since = new Date(Date.now() - HOUR_MS);
  await printLogs(open(), { since, requestId: null, isFollowing: false });
}

async function runExec({ open, account }: Site): Promise<void> {
  stubSessions(account);
  await openShell(open(), await installFakePlugin());
}

async function runDatabase({ open, account }: Site, canWrite: boolean): Promise<void> {
  stubSessions(account);
  const { env } = await installFakePlugin();
  await openDatabasePrompt(open(), { canWrite, env });
}

async function runRotation({ open, emulated }: Site): Promise<void> {
  emulated.runScript = () => ({ stdout: 'restarted\n' });
  await rotateSecrets(open(), { ...now, leaked: true });
}

async function rollToNewImage({ open, admin }: Site): Promise<void> {
  await roll(open(), { ...now, imageId: await makeImage(admin, '1.9.0', 2) });
}

async function rollForwardAndBack(site: Site): Promise<void> {
  await rollToNewImage(site);
  site.enforced.allowed.clear();
  await roll(site.open(), { ...now, isBack: true });
}

async function restoreTime(site: Site): Promise<void> {
  stubSnapshots(site, (text) => text);
  const time = new Date(Date.now() - HOUR_MS).toISOString();
  await restore(site.open(), { ...now, point: { time }, prompt });
}

const SESSION = ['ssm:StartSession', 'ssm:TerminateSession'];
const ROLL = ['autoscaling:StartInstanceRefresh', 'cloudformation:ExecuteChangeSet'];

test.each<[command: string, run: (site: Site) => Promise<void>, requests: string[]]>([
  [
    'check',
    runCheck,
    [
      'cloudformation:ValidateTemplate',
      'iam:SimulatePrincipalPolicy',
      'rds:DescribeOrderableDBInstanceOptions',
      'servicequotas:GetServiceQuota',
    ],
  ],
  ['cost', runCost, ['ce:GetCostAndUsage']],
  ['database', (site) => runDatabase(site, false), SESSION],
  ['database --write', (site) => runDatabase(site, true), SESSION],
  ['exec', runExec, SESSION],
  ['logs', runLogs, ['logs:FilterLogEvents']],
  ['restore --time', restoreTime, ['rds:DescribeDBInstanceAutomatedBackups', 'ssm:SendCommand']],
  ['roll --back', rollForwardAndBack, ROLL],
  ['roll --image', rollToNewImage, [...ROLL, 'ec2:CreateLaunchTemplateVersion']],
  [
    'secrets rotate',
    runRotation,
    [
      'secretsmanager:DescribeSecret',
      'secretsmanager:GetSecretValue',
      'secretsmanager:PutSecretValue',
      'secretsmanager:UpdateSecretVersionStage',
      'ssm:SendCommand',
    ],
  ],
  [
    'status --json',
    ({ open }) => printStatus(open(), { json: true }),
    ['autoscaling:DescribeAutoScalingGroups', 'rds:DescribeDBInstances'],
  ],
  [
    'up --set ReadReplicas=2',
    ({ up: change }) => change({ ReadReplicas: '2' }),
    ['cloudformation:ExecuteChangeSet', 'rds:DescribeDBInstances'],
  ],
  ['admin', runAdminCommand, ['ssm:GetCommandInvocation', 'ssm:SendCommand']],
])('the policies of the operators allow every request of `cloud %s`', async (_, run, requests) => {
  const site = await createSite();
  await run(site);
  expect(site.enforced.refused).toEqual([]);
  expect([...site.enforced.allowed]).toEqual(expect.arrayContaining(requests));
});

/** Returns the policies of the operators for this hosted zone. */
function policiesFor(hostedZoneId: string): Policy[] {
  return JSON.parse(
    JSON.stringify(listAttachedPolicies()).replaceAll(ZONE, hostedZoneId),
  ) as Policy[];
}

test('the policies of the operators allow every request of `cloud up` with a domain in their hosted zone', async () => {
  const { cloud, open, account } = await createStackFixture();
  const zone = new CreateHostedZoneCommand({ Name: 'example.com', CallerReference: '1' });
  const { HostedZone, DelegationSet } = await cloud.clients.route53.send(zone);
  const HostedZoneId = HostedZone?.Id?.replace('/hostedzone/', '') ?? '';
  const policies = policiesFor(HostedZoneId);
  const enforced = await enforceOperatorPolicies(cloud.clients, account.id, policies);
  const resolveNs = async () => DelegationSet?.NameServers ?? [];
  const parameters = { Domain: 'blog.example.com', HostedZoneId };
  await up({ ...open(), resolveNs }, { ...now, parameters });
  expect(enforced.refused).toEqual([]);
  expect(enforced.allowed).toContain('route53:GetHostedZone');
  expect(enforced.allowed).toContain('route53:ListResourceRecordSets');
});
