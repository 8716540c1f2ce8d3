import type { DatabaseConfig } from '../../../src/config/config.ts';
import { addPassword, discardOldPassword } from '../../../src/database/dual-passwords.ts';
import { READER } from '../../../src/cloud/database/users.ts';
import { requireStack } from '../../../src/cloud/stack/stack.ts';
import { changeStack } from '../../../src/cloud/stack/change-stack.ts';
import { toChangedParameters } from '../../../src/cloud/stack/parameters.ts';
import { runSql } from '../../support/database.ts';
import { HANG_MS } from '../../support/timeouts.ts';
import { answerActions } from '../emulated/query.ts';
import type { ScriptResult } from '../emulated/commands.ts';
import { type EmulatedSecrets, emulateSecretsManager } from '../emulated/secrets-manager.ts';
import { createSiteStack } from '../stack/site-stack.ts';
import { openStubStack, type StubStack } from '../stack/stub-stack.ts';

export const DATABASE_PASSWORD = 'minitwit-DatabasePassword';
export const READER_PASSWORD = 'minitwit-ReaderPassword';
export const SESSION_SECRET = 'minitwit-SessionSecret';
export const OLD_PASSWORD = 'the old password';
export const OLD_READER_PASSWORD = "the reader's old password";
export const OLD_SECRET = 'the-old-session-secret-with-32-characters';

const RETRY_OPTIONS = { waitMaxMs: HANG_MS };

/** The secrets that a server has read at its start. */
export interface Server {
  password: string;
  sessionSecrets: string[];
}

/** A stack whose instances are simulated, and whose database is real. */
export interface RotationSite extends StubStack {
  secrets: EmulatedSecrets;
  /** The servers by the id of their instance. */
  servers: Map<string, Server>;
  /** Returns a server that starts now. */
  startServer: () => Server;
  /** Whether the database has the reader. */
  hasReader: boolean;
  /** The instance refreshes that were started. */
  refreshes: Record<string, string>[];
  /** Called before a script runs on an instance. */
  onScript: (instanceId: string, script: string) => Promise<void> | void;
  /** Resolves when all scripts have ended, also those of a stopped command. */
  waitForScripts: () => Promise<unknown>;
  /**
   * Asserts that no request fails and no user is logged out at this moment: the database accepts the passwords of all
   * servers, and each server accepts the cookies of all others, also of one that starts now. If the database has the
   * reader, asserts that a prompt opens.
   */
  assertServes: () => Promise<void>;
}

/** The users of the database. `administrator` may change the others. */
export interface DatabaseUsers {
  administrator: DatabaseConfig;
  name: string;
  /** The user who may only read, whom the database has only while `hasReader`. */
  reader: string;
}

/** Opens a stack with instances of these ids. The database has the user `name`, and the reader while `hasReader`. */
export async function openRotationSite(
  users: DatabaseUsers,
  instanceIds = ['i-1', 'i-2'],
  outputs?: { ReaderPassword: undefined },
): Promise<RotationSite> {
  const { administrator, name, reader } = users;
  const stubStack = await openStubStack();
  const secrets = emulateSecretsManager(stubStack.aws);
  const longAgo = new Date('2026-01-01T00:00:00Z');
  secrets.create(DATABASE_PASSWORD, OLD_PASSWORD, longAgo);
  secrets.create(SESSION_SECRET, OLD_SECRET, longAgo);
  if (!outputs) secrets.create(READER_PASSWORD, OLD_READER_PASSWORD, longAgo);
  const startServer = (): Server => ({
    password: secrets.read(DATABASE_PASSWORD) ?? '',
    sessionSecrets: (secrets.read(SESSION_SECRET) ?? '').split(','),
  });
  const servers = new Map(instanceIds.map((id) => [id, startServer()]));
  const scripts: Promise<ScriptResult>[] = [];
  const site: RotationSite = {
    ...stubStack,
    secrets,
    servers,
    startServer,
    refreshes: [],
    hasReader: !outputs,
    onScript: () => undefined,
    waitForScripts: () => Promise.allSettled(scripts),
    assertServes: async () => {
      const all = [...servers.values(), startServer()];
      for (const password of new Set(all.map((it) => it.password))) {
        await runSql({ ...administrator, user: name, password }, 'select 1');
      }
      if (site.hasReader) {
        const password = secrets.read(READER_PASSWORD) ?? '';
        await runSql({ ...administrator, user: reader, password }, 'select 1');
      }
      for (const { sessionSecrets } of all) {
        const refused = all.filter((it) => !sessionSecrets.includes(it.sessionSecrets[0] ?? ''));
        if (refused.length > 0) throw new Error('A server refuses the cookie of another server.');
      }
    },
  };
  const runScript = async (script: string, instanceId: string) => {
    await site.onScript(instanceId, script);
    return script.includes('MAY_RESTART=')
      ? restart(site, readVariables(script), instanceId)
      : changePasswords(site, readVariables(script), users);
  };
  stubStack.runScript = (script, instanceId) => {
    const running = runScript(script, instanceId);
    scripts.push(running);
    return running;
  };
  answerGroup(site);
  await createSiteStack(stubStack, outputs);
  const stack = await requireStack(site.open());
  const parameters = toChangedParameters(stack, { SetUp: 'no' });
  await changeStack(site.open(), stack, { template: null, parameters, dryRun: false });
  stubStack.aws.actions.length = 0;
  return site;
}

function readVariables(script: string): Record<string, string> {
  return Object.fromEntries(
    Array.from(script.matchAll(/^export (\w+)='(.*)'/gm), ([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
}

/** Answers as an Auto Scaling group and a load balancer. A refresh replaces all instances when it starts. */
function answerGroup(site: RotationSite): void {
  const { aws, servers, startServer } = site;
  answerActions(aws, 'autoscaling', {
    DescribeAutoScalingGroups: () => ({
      AutoScalingGroups: [
        {
          AutoScalingGroupName: 'group-1',
          MinSize: servers.size,
          MaxSize: servers.size,
          DesiredCapacity: servers.size,
          LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '1' },
          Instances: [...servers.keys()].map((InstanceId) => ({
            InstanceId,
            AvailabilityZone: 'us-east-1a',
            InstanceType: 't3.micro',
            LifecycleState: 'InService',
            LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '1' },
          })),
        },
      ],
    }),
    DescribeInstanceRefreshes: () => ({
      InstanceRefreshes: site.refreshes.map((_, index) => ({
        InstanceRefreshId: `refresh-${index + 1}`,
        Status: 'Successful',
      })),
    }),
    StartInstanceRefresh: (form) => {
      site.refreshes.push(form);
      for (const id of Array.from(servers.keys())) {
        servers.delete(id);
        servers.set(`${id}x`, startServer());
      }
      return { InstanceRefreshId: `refresh-${site.refreshes.length}` };
    },
  });
  answerActions(aws, 'elasticloadbalancing', {
    DescribeTargetHealth: () => ({
      TargetHealthDescriptions: [...servers.keys()].map((Id) => ({
        Target: { Id },
        TargetHealth: { State: 'healthy' },
      })),
    }),
  });
  aws.stub('monitoring:DescribeAlarms', () => ({
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify({ MetricAlarms: [] }),
  }));
  aws.stub('ec2:DescribeLaunchTemplateVersions', () => ({
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: `<R><launchTemplateVersionSet><item><versionNumber>1</versionNumber><createTime>2026-11-23T00:00:00.000Z</createTime><launchTemplateData><imageId>ami-1</imageId><instanceType>t3.micro</instanceType></launchTemplateData></item></launchTemplateVersionSet></R>`,
  }));
}

/** Does what `userdata/restart.sh` does. */
function restart(
  { secrets, servers, startServer }: RotationSite,
  variables: Record<string, string>,
  instanceId: string,
): ScriptResult {
  const { DATABASE_PASSWORD_VERSION, SESSION_SECRET_VERSION, MAY_RESTART } = variables;
  const required = {
    password: secrets.readVersion(DATABASE_PASSWORD, DATABASE_PASSWORD_VERSION ?? '', 'AWSCURRENT'),
    sessionSecret: secrets.readVersion(SESSION_SECRET, SESSION_SECRET_VERSION ?? '', 'AWSCURRENT'),
  };
  if (required.password === null || required.sessionSecret === null) {
    return { status: 'Failed', stderr: 'Cannot read the secret.' };
  }
  const server = servers.get(instanceId);
  if (!server) return { status: 'Failed', stderr: 'The instance was terminated.' };
  const isCurrent =
    server.password === required.password &&
    server.sessionSecrets.join() === required.sessionSecret;
  if (isCurrent) return { stdout: 'current\n' };
  if (MAY_RESTART !== 'yes') return { stdout: 'outdated\n' };
  servers.set(instanceId, startServer());
  return { stdout: 'restarted\n' };
}

/** Does what `userdata/app-password.sh` does, on the real database. */
async function changePasswords(
  { cloud, secrets, hasReader }: RotationSite,
  variables: Record<string, string>,
  { administrator, name, reader }: DatabaseUsers,
): Promise<ScriptResult> {
  const { CURRENT_VERSION = '', PENDING_VERSION = '', COMMAND } = variables;
  const secretId = variables.DATABASE_PASSWORD ?? '';
  const current = secrets.readVersion(secretId, CURRENT_VERSION, 'AWSCURRENT');
  const pending = secrets.readVersion(secretId, PENDING_VERSION, 'AWSPENDING');
  const { parameters } = await requireStack(cloud);
  if (current === null || pending === null || parameters.SetUp !== 'yes') {
    return { status: 'Failed', stderr: 'Cannot read the secret.' };
  }
  const isReader = variables.DATABASE_USER === READER;
  if (isReader && !hasReader) return { stdout: 'The database has no such user.\n' };
  const login = { name: isReader ? reader : name, password: current };
  if (COMMAND === 'add') await addPassword(administrator, login, pending, RETRY_OPTIONS);
  else await discardOldPassword(administrator, login, RETRY_OPTIONS);
  return { stdout: `${COMMAND}\n` };
}
