import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CloudContext } from '../../src/cloud/context.ts';
import { initializeDatabase } from '../../src/cloud/database/initialize-database.ts';
import { READER } from '../../src/cloud/database/users.ts';
import { requireStack } from '../../src/cloud/stack/stack.ts';
import type { AwsStub } from '../support/aws-stub.ts';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { answerActions } from '../cloud/emulated/query.ts';
import { emulateSecretsManager } from '../cloud/emulated/secrets-manager.ts';
import { createSiteStack } from '../cloud/stack/site-stack.ts';
import { openStubStack } from '../cloud/stack/stub-stack.ts';
import { createAuthority } from '../support/certificates.ts';
import { startLoadBalancer } from '../support/load-balancer.ts';
import { reservePort } from '../support/ports.ts';
import { databaseSettings, startCommand } from '../support/programs.ts';
import { runSql } from '../support/database.ts';
import { startTlsServer } from '../support/tls-server.ts';
import { createInstance, type Instance } from './cluster.ts';

const DATABASE_PASSWORD = 'minitwit-DatabasePassword';
const READER_PASSWORD = 'minitwit-ReaderPassword';
const SESSION_SECRET = 'minitwit-SessionSecret';
const MASTER_SECRET = 'arn:master';
const IDS = ['i-1', 'i-2'];

/** A stack on this machine: servers behind a load balancer, MySQL with TLS, and an AWS that runs scripts on them. */
export interface StackOfServers {
  /** The URL of the load balancer. */
  url: string;
  /** Opens the context of a command. */
  open: () => CloudContext;
  /** The URLs of the servers. */
  serverUrls: string[];
  /** The ids of the instances in the order of their restarts. */
  restarts: string[];
  /** Called after each restart. The next one waits for it. */
  onRestart: () => Promise<void>;
  /** Returns the login of the application with the password in Secrets Manager. */
  appConfig: () => DatabaseConfig;
  /** Returns the login of the user who may only read with the password in Secrets Manager. */
  readerConfig: () => DatabaseConfig;
  /** Returns the secrets in the environments of the servers. */
  readServers: () => Promise<{ password: string; sessionSecret: string }[]>;
  /** Returns the secrets that a command line, an output or a file contains. */
  findShownSecrets: () => Promise<string[]>;
}

/** Starts a stack with an initialized database. It stops at the end of the test. */
export async function startStackOfServers(): Promise<StackOfServers> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-stack-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const authority = await createAuthority(folder, 'authority');
  const server = await startTlsServer(authority, 'localhost');
  onTestFinished(() => server.stop());
  const stubStack = await openStubStack();
  const secrets = emulateSecretsManager(stubStack.aws);
  secrets.create(DATABASE_PASSWORD, 'o'.repeat(40));
  secrets.create(READER_PASSWORD, 'r'.repeat(40));
  secrets.create(SESSION_SECRET, 's'.repeat(48));
  const { user: username, password } = server.administrator;
  secrets.create(MASTER_SECRET, JSON.stringify({ username, password }));
  // The instances may read the master's secret only while SetUp is `yes`.
  secrets.mayRead = async (id) =>
    id !== MASTER_SECRET || (await requireStack(stubStack.cloud)).parameters.SetUp === 'yes';

  const appConfig = (): DatabaseConfig => ({
    ...server.config,
    user: 'minitwit',
    password: secrets.read(DATABASE_PASSWORD) ?? '',
  });
  const readerConfig = (): DatabaseConfig => ({
    ...server.config,
    user: READER,
    password: secrets.read(READER_PASSWORD) ?? '',
  });
  const ports = await Promise.all(IDS.map(() => reservePort(onTestFinished)));
  const instances = new Map(
    IDS.map((id, index) => [
      id,
      createInstance(ports[index] ?? 0, onTestFinished, () => ({
        ...databaseSettings(appConfig()),
        DB_SSL_CA: authority.certificate,
        SESSION_SECRET: secrets.read(SESSION_SECRET) ?? '',
        DRAIN_DELAY_S: '3',
        DRAIN_MAX_S: '10',
      })),
    ]),
  );
  const restarts: string[] = [];
  const control = await startControl(instances, (id) => {
    restarts.push(id);
    return stack.onRestart();
  });
  await writeMachine(folder, authority.certificate);
  const shown: string[] = [];
  stubStack.runScript = async (script, instanceId) => {
    const result = await runScript(folder, script, {
      INSTANCE: instanceId,
      PORT: new URL(instances.get(instanceId)?.url ?? '').port,
      DB_PORT: String(server.config.port),
      AWS_URL: stubStack.aws.url,
      CONTROL_URL: control,
    });
    shown.push(script, result.stdout, result.stderr);
    return { ...result, status: result.status === 0 ? 'Success' : 'Failed' };
  };

  await runSql(
    server.administrator,
    `drop user if exists 'minitwit'@'%', 'minitwit'@'127.0.0.1', 'minitwit_reader'@'%'`,
  );
  answerInstances(stubStack.aws, instances);
  await createSiteStack(stubStack);
  await initializeDatabase(stubStack.open(), await requireStack(stubStack.cloud));
  await Promise.all(Array.from(instances.values(), (instance) => instance.start()));
  const { url } = await startLoadBalancer(ports, onTestFinished, { retries: 0 });
  const stack: StackOfServers = {
    url,
    open: stubStack.open,
    serverUrls: Array.from(instances.values(), (instance) => instance.url),
    restarts,
    onRestart: async () => undefined,
    appConfig,
    readerConfig,
    readServers: () => Promise.all(Array.from(instances.values(), readServer)),
    findShownSecrets: async () => {
      const calls = await readFile(join(folder, 'calls'), 'utf8');
      const text = [calls, ...shown, ...stubStack.lines].join('\n');
      const ids = [DATABASE_PASSWORD, READER_PASSWORD, SESSION_SECRET];
      const values = ids.flatMap((id) => secrets.listValues(id)).flatMap((it) => it.split(','));
      return [...values, password].filter((value) => text.includes(value));
    },
  };
  return stack;
}

/**
 * Starts a server with which the scripts find and restart the server of an instance: `GET /i-1` returns its process id,
 * and `POST /i-1` restarts it. Returns its URL.
 */
async function startControl(
  instances: Map<string, Instance>,
  onRestart: (id: string) => Promise<void>,
): Promise<string> {
  const control = createServer((request, response) => {
    const id = request.url?.slice(1) ?? '';
    const instance = instances.get(id);
    const act = async () => {
      if (request.method === 'POST') {
        instance?.program().process.kill('SIGTERM');
        await instance?.program().ended;
        await instance?.start();
        await onRestart(id);
      }
      return String(instance?.program().process.pid ?? 0);
    };
    void act().then(
      (pid) => response.end(pid),
      () => response.writeHead(500).end(),
    );
  });
  await once(control.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void control.close());
  return `http://127.0.0.1:${(control.address() as AddressInfo).port}`;
}

// The programs that a script calls. Each but curl writes its command line to a file.
const PROGRAMS = {
  node: `exec '${process.execPath}' "$@"`,
  setpriv: 'while [[ $1 = --* ]]; do shift; done; exec "$@"',
  systemctl: `case $1 in
    show) curl -fsS "$CONTROL_URL/$INSTANCE" ;;
    restart) curl -fsS -o /dev/null -X POST "$CONTROL_URL/$INSTANCE" ;;
    *) exit 1 ;;
    esac`,
  aws: String.raw`shift 2
    while (($# > 0)); do
      case $1 in
        --secret-id) body="\"SecretId\":\"$2\"" ;;
        --version-id) body+=",\"VersionId\":\"$2\"" ;;
        --version-stage) body+=",\"VersionStage\":\"$2\"" ;;
      esac
      shift 2
    done
    curl -fsS "$AWS_URL" -d "{$body}" -H 'X-Amz-Target: secretsmanager.GetSecretValue' \
      -H 'Authorization: AWS4-HMAC-SHA256 Credential=instance/1/us-east-1/secretsmanager/aws4_request'`,
};

/** Writes the files and programs that the scripts find on an instance. */
async function writeMachine(folder: string, certificate: string): Promise<void> {
  for (const name of ['app', 'app/dist', 'bin']) await mkdir(join(folder, name));
  for (const name of ['migrations', 'node_modules', 'schema.sql', 'package.json']) {
    await symlink(resolve(name), join(folder, 'app', name));
  }
  // An instance has the compiled files. Node runs the sources.
  for (const name of ['initdb', 'app-password', 'sql']) {
    await symlink(resolve(`src/${name}.ts`), join(folder, `app/dist/${name}.js`));
  }
  await writeFile(join(folder, 'app/rds-ca.pem'), await readFile(certificate));
  for (const [name, lines] of Object.entries(PROGRAMS)) {
    const text = `#!/bin/bash\necho "\${0##*/} $*" >>'${folder}/calls'\n${lines}\n`;
    await writeFile(join(folder, 'bin', name), text, { mode: 0o755 });
  }
}

async function runScript(
  folder: string,
  script: string,
  variables: Record<'INSTANCE' | 'PORT' | 'DB_PORT' | 'AWS_URL' | 'CONTROL_URL', string>,
) {
  const own = join(folder, variables.INSTANCE);
  await writeFile(`${own}.env`, `PORT="${variables.PORT}"\n`);
  const path = `${own}.sh`;
  await writeFile(
    path,
    script
      // The permission to read a secret is valid at once here.
      .replace('SECONDS + 120', 'SECONDS')
      .replaceAll('/opt/minitwit', join(folder, 'app'))
      .replaceAll('/etc/minitwit.env', `${own}.env`)
      .replaceAll('/run/minitwit-restart.lock', `${own}.lock`)
      .replace(/^export DB_HOST=.*$/m, 'export DB_HOST=localhost'),
  );
  const environment = { ...variables, PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
  const program = startCommand(['/bin/bash', path], environment, { outlivesTest: true });
  return { status: await program.ended, ...program.output };
}

async function readServer(
  instance: Instance,
): Promise<{ password: string; sessionSecret: string }> {
  const environ = await readFile(`/proc/${instance.program().process.pid}/environ`, 'utf8');
  const find = (name: string) =>
    environ
      .split('\0')
      .find((each) => each.startsWith(`${name}=`))
      ?.slice(name.length + 1) ?? '';
  return { password: find('DB_PASSWD'), sessionSecret: find('SESSION_SECRET') };
}

/** Answers as an Auto Scaling group, and as a load balancer that asks each server whether it is ready. */
function answerInstances(aws: AwsStub, instances: Map<string, Instance>): void {
  const ids = Array.from(instances.keys());
  answerActions(aws, 'autoscaling', {
    DescribeAutoScalingGroups: () => ({
      AutoScalingGroups: [
        {
          AutoScalingGroupName: 'group-1',
          MinSize: ids.length,
          MaxSize: ids.length,
          DesiredCapacity: ids.length,
          LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '1' },
          Instances: ids.map((InstanceId) => ({
            InstanceId,
            AvailabilityZone: 'us-east-1a',
            InstanceType: 't3.micro',
            LifecycleState: 'InService',
          })),
        },
      ],
    }),
  });
  answerActions(aws, 'elasticloadbalancing', {
    DescribeTargetHealth: async () => ({
      TargetHealthDescriptions: await Promise.all(
        Array.from(instances, async ([Id, { url }]) => {
          const response = await fetch(`${url}/readyz`).catch(() => null);
          const State = response?.status === 200 ? 'healthy' : 'unhealthy';
          return { Target: { Id }, TargetHealth: { State } };
        }),
      ),
    }),
  });
}
