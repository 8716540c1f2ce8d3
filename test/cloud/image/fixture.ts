import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CreateTagsCommand, DescribeImagesCommand } from '@aws-sdk/client-ec2';
import { ListInstanceProfilesCommand, ListRolesCommand } from '@aws-sdk/client-iam';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { listSecurityGroups } from '../../../src/cloud/image/security-groups.ts';
import { listImages } from '../../../src/aws/ec2/images.ts';
import { listInstances } from '../../../src/aws/ec2/instances.ts';
import { deleteSnapshot } from '../../../src/aws/ec2/removal.ts';
import { listSnapshots } from '../../../src/aws/ec2/snapshots.ts';
import { tagFilter } from '../../../src/aws/ec2/tags.ts';
import { RUN_TAG } from '../../../src/aws/tags.ts';
import { listVolumes } from '../../../src/aws/ec2/volumes.ts';
import type { CloudContext } from '../../../src/cloud/context.ts';
import { buildImage } from '../../../src/cloud/commands/image.ts';
import { OperatorError } from '../../../src/errors/operator-error.ts';
import { type EmulatedAccount, openEmulatedAccount } from '../../support/aws-account.ts';
import type { AwsHandler } from '../../support/aws-stub.ts';
import { type AwsResponse, type AwsRequest, formatAwsError } from '../../support/aws-request.ts';
import { openMoto } from '../emulated/moto.ts';
import { openTestCloud } from '../test-cloud.ts';
import { type Agent, startAgent } from './agent.ts';

const run = promisify(execFile);

/** Answers a request. `pass` returns the usual response. */
export type RequestHandler = (
  request: AwsRequest,
  pass: () => Promise<AwsResponse>,
) => Promise<AwsResponse> | AwsResponse;

type Options = Parameters<typeof buildImage>[1];

/** An emulated account in which images are built. */
export interface BuildFixture {
  account: EmulatedAccount;
  cloud: CloudContext;
  /** Creates the context of the next command. The command before must have ended. */
  open: () => CloudContext;
  /** The lines that the last command printed. */
  lines: string[];
  /** The output of each script that was sent to an instance. */
  outputs: string[];
  /** The agents of the launched instances, oldest first. */
  agents: Agent[];
  /**
   * Builds an image. Returns `done`, or the message of the failure.
   * @param handlers by request: `s3:PUT` is the first one, `s3:PUT 2` the second
   */
  build: (handlers?: Record<string, RequestHandler>, options?: Partial<Options>) => Promise<string>;
  /** Aborts the signal of the last command. */
  stop: () => void;
  /** Lists all resources of the account that a build can leave, sorted. */
  list: () => Promise<string[]>;
}

/** Creates an account whose stubs add what the emulator lacks. */
export async function createBuildFixture(): Promise<BuildFixture> {
  const account = await openEmulatedAccount();
  const outputs: string[] = [];
  const agents: Agent[] = [];
  const { cloud, open, lines, stop } = openTestCloud();
  const stubs = { ...launchStubs(agents), ...commandStubs(outputs), ...imageStubs(account) };
  for (const [action, stub] of Object.entries(stubs)) account.stub(action, stub);

  const build: BuildFixture['build'] = async (handlers = {}, options = {}) => {
    const restore = stubRequests(account, stubs, handlers);
    try {
      await buildImage(open(), { instanceType: 't3.small', dryRun: false, ...options });
      return 'done';
    } catch (error) {
      if (error instanceof OperatorError) return error.message;
      throw error;
    } finally {
      restore();
    }
  };
  return { account, cloud, open, lines, outputs, agents, build, stop, list: () => listAll(cloud) };
}

/** Stubs requests until the returned function is called. */
function stubRequests(
  account: EmulatedAccount,
  stubs: Record<string, AwsHandler>,
  handlers: Record<string, RequestHandler>,
): () => void {
  const actions = new Set(Object.keys(handlers).map((request) => request.split(' ')[0] ?? ''));
  const stubOf = (action: string): AwsHandler => stubs[action] ?? ((_, pass) => pass());
  for (const action of actions) {
    let count = 0;
    account.stub(action, (request, passToEmulator) => {
      const pass = async () => stubOf(action)(request, passToEmulator);
      count += 1;
      const handler = count === 1 ? handlers[action] : handlers[`${action} ${count}`];
      return handler ? handler(request, pass) : pass();
    });
  }
  return () => {
    for (const action of actions) account.stub(action, stubOf(action));
  };
}

/** Returns stubs of an instance's launch, whose agent is online once Systems Manager has accepted its role. */
function launchStubs(agents: Agent[]): Record<string, AwsHandler> {
  return {
    'ec2:RunInstances': async (request, pass) => {
      const form = new URLSearchParams(request.body.toString());
      const isBurstable = form.get('InstanceType')?.startsWith('t');
      if (form.has('CreditSpecification.CpuCredits') && !isBurstable) {
        const message = `The ${form.get('InstanceType')} instance type does not support T2 Unlimited.`;
        return formatAwsError(request, 400, 'InstanceCreditSpecification.NotSupported', message);
      }
      const response = await pass();
      const userData = Buffer.from(form.get('UserData') ?? '', 'base64').toString();
      if (response.status === 200) agents.push(startAgent(userData));
      return response;
    },
    'ssm:DescribeInstanceInformation': async () => {
      const isOnline = await agents.at(-1)?.isOnline();
      const InstanceInformationList = isOnline ? [{ PingStatus: 'Online' }] : [];
      return { status: 200, body: JSON.stringify({ InstanceInformationList }) };
    },
  };
}

/** Returns stubs of Run Command: scripts run on this machine. */
function commandStubs(outputs: string[]): Record<string, AwsHandler> {
  // The reason why the last script failed.
  let problem = '';
  return {
    'ssm:SendCommand': async ({ body }, pass) => {
      const { Parameters } = JSON.parse(body.toString()) as { Parameters: { commands: string[] } };
      problem = '';
      await runLocally(Parameters.commands.join('\n')).then(
        (output) => outputs.push(output),
        (error: { stderr: string }) => (problem = error.stderr),
      );
      return pass();
    },
    'ssm:GetCommandInvocation': (_, pass) =>
      problem === ''
        ? pass()
        : {
            status: 200,
            body: JSON.stringify({ Status: 'Failed', StandardErrorContent: problem }),
          },
  };
}

/** Returns stubs of images and roles: an image tags and deletes its snapshots, and some errors are as those of AWS. */
export function imageStubs({ id: accountId }: EmulatedAccount): Record<string, AwsHandler> {
  const { ec2 } = openMoto(accountId);
  const snapshotsOf = async (filter: { Name: string; Values: string[] }) => {
    const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Filters: [filter] }));
    return Images.flatMap((it) => it.BlockDeviceMappings ?? []).flatMap(
      (it) => it.Ebs?.SnapshotId ?? [],
    );
  };
  return {
    'iam:RemoveRoleFromInstanceProfile': async (request, pass) => {
      const response = await pass();
      return response.status === 500 ? formatAwsError(request, 404, 'NoSuchEntity') : response;
    },
    'ec2:CreateImage': async (request, pass) => {
      const form = new URLSearchParams(request.body.toString());
      const name = form.get('Name') ?? '';
      if ((await listImages(ec2, 'self', [{ Name: 'name', Values: [name] }])).length > 0) {
        return formatAwsError(request, 400, 'InvalidAMIName.Duplicate');
      }
      const tags = [...form].flatMap(([key, Key]) => {
        const [, n] = /^TagSpecification\.1\.Tag\.(\d+)\.Key$/.exec(key) ?? [];
        return n ? { Key, Value: form.get(`TagSpecification.1.Tag.${n}.Value`) ?? '' } : [];
      });
      const known = [...form].filter(([key]) => !key.startsWith('TagSpecification.2.'));
      const response = await pass(new URLSearchParams(known).toString());
      const Resources = await snapshotsOf({ Name: 'name', Values: [name] });
      await ec2.send(new CreateTagsCommand({ Resources, Tags: tags }));
      return response;
    },
    'ec2:DeregisterImage': async ({ body }, pass) => {
      const id = new URLSearchParams(body.toString()).get('ImageId') ?? '';
      const snapshots = await snapshotsOf({ Name: 'image-id', Values: [id] });
      const response = await pass();
      for (const snapshot of snapshots) await deleteSnapshot(ec2, snapshot);
      return response;
    },
  };
}

/** Runs a builder's script, without userdata/image.sh. Returns its output. */
async function runLocally(script: string): Promise<string> {
  const stubs = `
    bash() { ls "$1" src/server.ts package-lock.json; rm -rf "$checkout"; }
    systemd-run() { true; }
  `;
  const { stdout } = await run('bash', ['--norc', '-c', `${stubs}\n${script}`]);
  return stdout;
}

const getIds = (resources: { id: string }[]) => resources.map(({ id }) => id);

/** Lists of the resources that a build can leave, by kind. */
export const LISTS = {
  instances: async ({ clients: { ec2 } }: CloudContext) =>
    getIds((await listInstances(ec2, [])).filter(({ state }) => state !== 'terminated')),
  volumes: async ({ clients: { ec2 } }: CloudContext) => getIds(await listVolumes(ec2, [])),
  groups: async ({ clients: { ec2 } }: CloudContext) => getIds(await listSecurityGroups(ec2, [])),
  images: async ({ clients: { ec2 } }: CloudContext) => getIds(await listImages(ec2, 'self', [])),
  snapshots: async ({ clients: { ec2 } }: CloudContext) =>
    getIds(await listSnapshots(ec2, [tagFilter(RUN_TAG)])),
  roles: async ({ clients: { iam } }: CloudContext) =>
    ((await iam.send(new ListRolesCommand({}))).Roles ?? []).map((it) => it.RoleName ?? ''),
  profiles: async ({ clients: { iam } }: CloudContext) =>
    ((await iam.send(new ListInstanceProfilesCommand({}))).InstanceProfiles ?? []).map(
      (it) => it.InstanceProfileName ?? '',
    ),
  buckets: async ({ clients: { s3 } }: CloudContext) =>
    ((await s3.send(new ListBucketsCommand({}))).Buckets ?? []).map((it) => it.Name ?? ''),
};

async function listAll(cloud: CloudContext): Promise<string[]> {
  const things = [];
  for (const list of Object.values(LISTS)) things.push(await list(cloud));
  return things.flat().toSorted();
}
