import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, inject, test } from 'vitest';
import { findTool } from '../support/tools.ts';

const run = promisify(execFile);

const aws = findTool('aws', 'awscli');
const environment = {
  PATH: process.env.PATH,
  HOME: tmpdir(),
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_PAGER: '',
};

/** What docs/going-live.md has an operator type: to go live, and to take it all down again. */
async function readCommands(): Promise<{ up: string; down: string }> {
  const text = await readFile('docs/going-live.md', 'utf8');
  const [before = '', after = ''] = text.split('## Taking it all down');
  const commands = (part: string) =>
    Array.from(part.matchAll(/^```bash\n([^]*?)^```/gm), ([, lines]) => lines).join('');
  return { up: commands(before), down: commands(after) };
}

/** What there is while MiniTwit is live, and what is left in the end. */
interface Account {
  databases: { DBInstances: Record<string, unknown>[] };
  instances: { Reservations: { Instances: Record<string, unknown>[] }[] };
  groups: { SecurityGroups: { GroupName: string; GroupId: string; IpPermissions: Permission[] }[] };
  targets: { TargetGroups: Record<string, unknown>[] };
  balancers: { LoadBalancers: unknown[] };
  images: { Images: unknown[] };
  parameters: { Parameters: { Name: string; Type: string }[] };
  roles: { Roles: { RoleName: string }[] };
  profiles: { InstanceProfiles: unknown[] };
  snapshots: { Snapshots: { SnapshotId: string; Description: string }[] };
  volumes: { Volumes: unknown[] };
}

interface Permission {
  FromPort: number;
  ToPort: number;
  IpRanges: { CidrIp: string }[];
  UserIdGroupPairs: { GroupId: string }[];
}

const LOOK: Record<keyof Account, string> = {
  databases: 'rds describe-db-instances',
  instances: 'ec2 describe-instances --filters Name=instance-state-name,Values=running,pending',
  groups: 'ec2 describe-security-groups --filters Name=group-name,Values=minitwit-*',
  targets: 'elbv2 describe-target-groups',
  balancers: 'elbv2 describe-load-balancers',
  images: 'ec2 describe-images --owners self',
  parameters:
    'ssm describe-parameters --parameter-filters Key=Name,Option=BeginsWith,Values=/minitwit',
  roles: 'iam list-roles',
  profiles: 'iam list-instance-profiles',
  snapshots: 'ec2 describe-snapshots --owner-ids self',
  volumes: 'ec2 describe-volumes',
};

// what there is only while MiniTwit is live
const LOOK_CLOSER = `
  aws iam get-role-policy --role-name minitwit-instance --policy-name minitwit-instance --output json > policy.json
  aws iam list-attached-role-policies --role-name minitwit-instance --output json > attached.json
  aws rds describe-db-parameters --db-parameter-group-name minitwit --output json > parameters.json`;

/** Commands that look at everything, into files that start with a word. */
function look(word: string): string {
  return Object.entries(LOOK)
    .map(([name, command]) => `aws ${command} --output json > ${word}.${name}.json\n`)
    .join('');
}

async function readAccount(folder: string, word: string): Promise<Account> {
  const entries = Object.keys(LOOK).map(async (name) => {
    const text = await readFile(join(folder, `${word}.${name}.json`), 'utf8');
    return [name, JSON.parse(text)] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as unknown as Account;
}

let before: Account['snapshots'];
let live: Account;
let left: Account;
let launched: string;
let policy: unknown;
let attached: unknown;
let parameters: unknown;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-going-live-'));
  const { up, down } = await readCommands();
  // stand-ins for what is neither here nor in the emulator: the world's view of us, and the builder
  const standIns = `
    aws() { ${aws} --endpoint-url ${inject('aws')} "$@"; }
    curl() { echo 192.0.2.1; }
    git() { command git -C ${process.cwd()} "$@"; }
    ssh() { tar t | grep '^userdata/image.sh$'; }
    cp -r ${join(process.cwd(), 'userdata')} .`;
  const script = [
    'set -euo pipefail',
    standIns,
    'aws ec2 describe-snapshots --owner-ids self --output json > before.json',
    up,
    look('live'),
    LOOK_CLOSER,
    // as somebody does who comes back another day
    `unset ${variablesOf(up).join(' ')}`,
    down,
    look('left'),
  ].join('\n');
  await writeFile(join(folder, 'script.sh'), script);
  await run('bash', ['script.sh'], { cwd: folder, env: environment });
  live = await readAccount(folder, 'live');
  left = await readAccount(folder, 'left');
  const readJson = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, name), 'utf8'));
  before = (await readJson('before.json')) as Account['snapshots'];
  policy = await readJson('policy.json');
  attached = await readJson('attached.json');
  parameters = await readJson('parameters.json');
  launched = await readFile(join(folder, 'user-data.sh'), 'utf8');
  return () => rm(folder, { recursive: true });
});

test('the database is private, encrypted and reached by the instances alone', () => {
  expect(live.databases.DBInstances).toMatchObject([
    {
      Engine: 'mysql',
      PubliclyAccessible: false,
      StorageEncrypted: true,
      DBName: 'minitwit',
      // made and kept by AWS
      MasterUserSecret: { SecretArn: expect.any(String) },
    },
  ]);
  expect(parameters).toMatchObject({
    Parameters: expect.arrayContaining([
      expect.objectContaining({ ParameterName: 'require_secure_transport', ParameterValue: '1' }),
    ]),
  });
  expect(whoReaches('minitwit-database')).toEqual([[3306, 'minitwit-instance']]);
});

test('two spot instances with a role, which the load balancer alone reaches', () => {
  const instances = live.instances.Reservations.flatMap(({ Instances }) => Instances);
  expect(instances).toHaveLength(2);
  expect(new Set(instances.map(({ SubnetId }) => SubnetId)).size).toBe(2);
  for (const instance of instances) {
    expect(instance).toMatchObject({
      InstanceLifecycle: 'spot',
      IamInstanceProfile: { Arn: expect.stringMatching(/minitwit-instance$/) },
      MetadataOptions: { HttpTokens: 'required' },
    });
  }
  expect(whoReaches('minitwit-instance')).toEqual([[5000, 'minitwit-balancer']]);
  expect(whoReaches('minitwit-balancer')).toEqual([[80, '0.0.0.0/0']]);
  expect(whoReaches('minitwit-builder')).toEqual([[22, '192.0.2.1/32']]);
});

test('the user data is filled in, without a secret', () => {
  const { Endpoint } = live.databases.DBInstances[0] as { Endpoint: { Address: string } };
  expect(launched).toContain(`export DB_HOST='${Endpoint.Address}'`);
  expect(launched).toMatch(/^export DB_USER='minitwit'$/m);
  expect(launched).toMatch(/^export DB_NAME='minitwit'$/m);
  expect(launched).toMatch(/^export DB_PASSWD=''$/m);
  expect(launched).toMatch(/^export DB_PASSWD_FROM='ssm:\/minitwit\/db-passwd'$/m);
  expect(launched).toMatch(/^export SESSION_SECRET_FROM='ssm:\/minitwit\/session-secret'$/m);
  expect(live.parameters.Parameters).toMatchObject([
    { Name: '/minitwit/db-passwd', Type: 'SecureString' },
    { Name: '/minitwit/session-secret', Type: 'SecureString' },
  ]);
});

test('an instance may read two secrets, be reached by Session Manager, and nothing else', () => {
  expect(attached).toMatchObject({ AttachedPolicies: [] });
  const { Statement } = (policy as { PolicyDocument: { Statement: unknown[] } }).PolicyDocument;
  expect(Statement).toMatchObject([
    { Action: 'ssm:GetParameter', Resource: 'arn:aws:ssm:*:*:parameter/minitwit/*' },
    { Action: expect.not.arrayContaining([expect.stringMatching(/Get|\*/)]) },
  ]);
});

test('the load balancer asks whether instances are ready', () => {
  expect(live.balancers.LoadBalancers).toHaveLength(1);
  expect(live.targets.TargetGroups).toMatchObject([
    { Port: 5000, HealthCheckPath: '/readyz', Matcher: { HttpCode: '200' } },
  ]);
  const [group] = live.targets.TargetGroups as Record<string, number>[];
  const noticedAfterS =
    (group?.HealthCheckIntervalSeconds ?? 0) * (group?.UnhealthyThresholdCount ?? 0) +
    (group?.HealthCheckTimeoutSeconds ?? 0);
  expect(noticedAfterS).toBeGreaterThan(0);
  expect(Number(/^export DRAIN_DELAY_S='(\d+)'/m.exec(launched)?.[1])).toBeGreaterThan(
    noticedAfterS,
  );
});

test('in the end nothing is left that is billed', () => {
  expect(left.databases.DBInstances).toEqual([]);
  expect(left.instances.Reservations).toEqual([]);
  expect(left.groups.SecurityGroups).toEqual([]);
  expect(left.targets.TargetGroups).toEqual([]);
  expect(left.balancers.LoadBalancers).toEqual([]);
  expect(left.images.Images).toEqual([]);
  expect(left.parameters.Parameters).toEqual([]);
  expect(left.profiles.InstanceProfiles).toEqual([]);
  expect(left.volumes.Volumes).toEqual([]);
  const known = before.Snapshots.map(({ SnapshotId }) => SnapshotId);
  expect(live.snapshots.Snapshots.length).toBeGreaterThan(known.length);
  expect(left.snapshots.Snapshots.map(({ SnapshotId }) => SnapshotId)).toEqual(known);
  expect(left.roles.Roles.filter(({ RoleName }) => RoleName.startsWith('minitwit'))).toEqual([]);
});

/** The variables that commands set. */
function variablesOf(commands: string): string[] {
  return Array.from(commands.matchAll(/^(\w+)=/gm), ([, name = '']) => name);
}

/** To which ports of a security group who may connect. */
function whoReaches(name: string): [port: number, who: string][] {
  const groups = live.groups.SecurityGroups;
  const nameOf = new Map(groups.map(({ GroupId, GroupName }) => [GroupId, GroupName]));
  const group = groups.find(({ GroupName }) => GroupName === name);
  return (group?.IpPermissions ?? []).flatMap((permission) => {
    expect(permission.ToPort).toBe(permission.FromPort);
    const sources = permission.UserIdGroupPairs.map(({ GroupId }) => nameOf.get(GroupId) ?? '');
    const ranges = permission.IpRanges.map(({ CidrIp }) => CidrIp);
    return [...sources, ...ranges].map((who): [number, string] => [permission.FromPort, who]);
  });
}
