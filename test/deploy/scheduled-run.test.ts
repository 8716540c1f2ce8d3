import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { useCleanup } from '../support/cleanup.ts';
import { createInstance, type Instance } from './instance.ts';
import { CANARY, installServer, WAIT } from './server-instance.ts';

const LOG_GROUP = 'minitwit-ServerLog-1A2B';
const READER_SECRET = 'arn:aws:secretsmanager:eu-test-1:123456789012:secret:ReaderPassword-1a';
const OUTPUTS = {
  ServerLog: LOG_GROUP,
  DatabaseEndpoint: 'database.test',
  ReaderPassword: READER_SECRET,
  WarehouseVolumeId: 'vol-0123456789abcdef0',
  WarehouseSecurityGroup: 'sg-0123456789abcdef0',
  WarehouseBucket: 'minitwit-warehousebucket-1a2b',
};
const PARAMETERS = {
  SubnetIds: 'subnet-1,subnet-2',
  WarehouseZone: 'eu-test-1b',
  WarehouseImageId: 'ami-0123456789abcdef0',
};

// Responds with the files of a test, and records each call.
const AWS = `#!/bin/bash
echo "$(id --user --name): $*" >>/srv/aws/calls
case "$*" in
  'cloudformation describe-stacks '*) cat /srv/aws/stack ;;
  'secretsmanager get-secret-value '*) cat /srv/aws/secret ;;
  'ec2 describe-subnets '*) cat /srv/aws/subnet ;;
esac
`;

// Installs nothing, and records the environment and the files of the warehouse's command.
const NPM = `#!/bin/bash
echo "npm $*" >>/srv/aws/calls
[ "$1" = run ] || exit 0
env >/srv/aws/environment
stat --format '%U %a %n' "$WAREHOUSE_KEY_FILE" >/srv/aws/key
ls src/warehouse.ts package-lock.json userdata/warehouse.sh schema.sql >/srv/aws/files
echo 'The report is ready.'
exit "$(cat /srv/aws/status)"
`;

const defer = useCleanup();
let instance: Instance;

beforeAll(async () => {
  instance = await createInstance(defer);
  await installServer(instance);
  const { root } = instance;
  await writeFile(join(root, 'usr/bin/aws'), AWS, { mode: 0o755 });
  await writeFile(join(root, 'usr/local/bin/npm'), NPM, { mode: 0o755 });
  await mkdir(join(root, 'srv/cloudwatch', LOG_GROUP), { recursive: true });
  await instance.boot();
  await instance.run(`chown cwagent /srv/cloudwatch/${LOG_GROUP}`);
});

beforeEach(async () => {
  await rm(join(instance.root, 'srv/aws'), { recursive: true });
  await mkdir(join(instance.root, 'srv/aws'), { mode: 0o777 });
  // Root and ec2-user record their calls.
  await respond('calls', '');
  await instance.run('chmod 777 /srv/aws /srv/aws/calls; rm -rf /var/lib/minitwit-scheduled-run');
  const toList = (values: object, name: string) =>
    Object.entries(values).map(([key, value]) => ({
      [`${name}Key`]: key,
      [`${name}Value`]: value as string,
    }));
  await respond('stack', {
    Stacks: [{ Outputs: toList(OUTPUTS, 'Output'), Parameters: toList(PARAMETERS, 'Parameter') }],
  });
  await respond('secret', { SecretString: `${CANARY} "quoted"` });
  await respond('subnet', 'subnet-2\n');
  await respond('status', '0');
});

test('a scheduled run has the settings of the stack and a key pair of its own, and reports its success', async () => {
  const { status, output } = await runScript();
  expect({ status, output }).toEqual({ status: 0, output: '' });
  const environment = Object.fromEntries(
    (await read('environment')).split('\n').map((line) => line.split(/=(.*)/s, 2)),
  ) as Record<string, string>;
  expect(environment).toMatchObject({
    AWS_REGION: 'eu-test-1',
    DB_HOST: 'database.test',
    DB_USER: 'minitwit_reader',
    DB_PASSWD: `${CANARY} "quoted"`,
    DB_NAME: 'minitwit',
    DB_SSL_CA: '/opt/minitwit/rds-ca.pem',
    WAREHOUSE_IMAGE_ID: 'ami-0123456789abcdef0',
    WAREHOUSE_VOLUME_ID: 'vol-0123456789abcdef0',
    WAREHOUSE_SECURITY_GROUP: 'sg-0123456789abcdef0',
    WAREHOUSE_BUCKET: 'minitwit-warehousebucket-1a2b',
    WAREHOUSE_INSTANCE_TYPE: 'm7i.large',
    WAREHOUSE_SUBNET_ID: 'subnet-2',
    WAREHOUSE_KEY_NAME: expect.stringMatching(/^minitwit-scheduled-run-[0-9a-f]{40}$/) as string,
    WAREHOUSE_DB_PASSWD: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
  });
  expect(await read('key')).toBe('ec2-user 600 /var/lib/minitwit-scheduled-run/key\n');
  expect((await read('files')).trim().split('\n')).toHaveLength(4);

  const key = environment.WAREHOUSE_KEY_NAME ?? '';
  const calls = (await read('calls')).trim().split('\n');
  expect(calls).toEqual([
    'root: cloudformation describe-stacks --output json --stack-name minitwit',
    `ec2-user: secretsmanager get-secret-value --output json --secret-id ${READER_SECRET}`,
    expect.stringContaining('ec2-user: ec2 describe-subnets --subnet-ids subnet-1 subnet-2 '),
    expect.stringContaining(`ec2-user: ec2 import-key-pair --key-name ${key} `),
    expect.stringContaining('npm ci --include=dev --ignore-scripts '),
    'npm run --silent warehouse -- run',
    `ec2-user: ec2 delete-key-pair --key-name ${key} --output text`,
    expect.stringContaining('root: cloudwatch put-metric-data '),
    expect.stringContaining('root: cloudwatch put-metric-data '),
  ]);
  const [first = 0, second = 0] = calls.flatMap((call) => {
    const [, time] =
      /ScheduledRun --dimensions Stack=minitwit --value 1 --timestamp (\S+)$/.exec(call) ?? [];
    return time === undefined ? [] : [Date.parse(time)];
  });
  expect(Math.round((second - first) / 60_000)).toBe(115);
  expect(calls.join('\n')).not.toContain(CANARY);
  await expectLog('The report is ready.');
});

test('a run that fails deletes its key pair, reports no success, and ends with an error', async () => {
  await respond('status', '1');
  expect((await runScript()).status).toBe(1);
  const calls = await read('calls');
  expect(calls).toContain('ec2-user: ec2 delete-key-pair ');
  expect(calls).not.toContain('put-metric-data');
});

test('without a subnet in the zone of the volume, no run starts, and the log names the parameter', async () => {
  await respond('subnet', 'None\n');
  expect((await runScript()).status).toBe(1);
  expect(await read('calls')).not.toMatch(/import-key-pair|npm|put-metric-data/);
  await expectLog('None of the subnets of the stack (subnet-1 subnet-2) is in eu-test-1b');
});

test('a stack without a volume starts no run', async () => {
  const { WarehouseVolumeId: _, ...outputs } = OUTPUTS;
  const Outputs = Object.entries(outputs).map(([OutputKey, OutputValue]) => ({
    OutputKey,
    OutputValue,
  }));
  const Parameters = Object.entries(PARAMETERS).map(([ParameterKey, ParameterValue]) => ({
    ParameterKey,
    ParameterValue,
  }));
  await respond('stack', { Stacks: [{ Outputs, Parameters }] });
  const { status, output } = await runScript();
  expect(status).toBe(1);
  expect(output).toContain('The stack has no value for WAREHOUSE_VOLUME_ID.');
  expect(await read('calls')).not.toMatch(/npm|put-metric-data/);
});

/** Runs the script of the image as the user data does. */
function runScript() {
  return instance.run(
    'AWS_REGION=eu-test-1 STACK=minitwit WAREHOUSE_INSTANCE_TYPE=m7i.large bash /opt/minitwit/scheduled-run.sh',
  );
}

/** Sets a response of AWS, or the exit status of the warehouse's command. */
async function respond(name: string, response: object | string): Promise<void> {
  const text = typeof response === 'string' ? response : JSON.stringify(response);
  await writeFile(join(instance.root, 'srv/aws', name), text);
}

function read(name: string): Promise<string> {
  return readFile(join(instance.root, 'srv/aws', name), 'utf8');
}

/** Waits until the agent has sent a text of the run to CloudWatch. */
async function expectLog(text: string): Promise<void> {
  const log = join(instance.root, 'srv/cloudwatch', LOG_GROUP, 'log');
  await vi.waitFor(async () => expect(await readFile(log, 'utf8')).toContain(text), WAIT);
}
