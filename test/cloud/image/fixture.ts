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
import { RUN_TAG, tagFilter } from '../../../src/aws/ec2/tags.ts';
import { listVolumes } from '../../../src/aws/ec2/volumes.ts';
import type { CloudContext } from '../../../src/cloud/context.ts';
import { buildImage } from '../../../src/cloud/commands/image.ts';
import { OperatorError } from '../../../src/errors/operator-error.ts';
import { type EmulatedAccount, openEmulatedAccount } from '../../support/aws-account.ts';
import type { AwsHandler } from '../../support/aws-stub.ts';
import { type AwsResponse, type AwsRequest, formatAwsError } from '../../support/aws-request.ts';
import { openMoto } from '../emulated/moto.ts';
import { openTestCloud } from '../test-cloud.ts';

const run = promisify(execFile);

/** Answers a request, given what would be answered else. */
export type Fate = (
  asked: AwsRequest,
  usual: () => Promise<AwsResponse>,
) => Promise<AwsResponse> | AwsResponse;

type Options = Parameters<typeof buildImage>[1];

/** An account in which images are made, and what is seen of it. */
export interface World {
  account: EmulatedAccount;
  cloud: CloudContext;
  /** Opens a command; the one before it is over. */
  open: () => CloudContext;
  /** What the last command printed. */
  lines: string[];
  /** What the scripts printed that were sent to instances. */
  outputs: string[];
  /**
   * Makes an image; says how that ended: `done`, or the message.
   * @param fates what befalls which requests: `s3:PUT 2` is the second of these
   */
  build: (fates?: Record<string, Fate>, options?: Partial<Options>) => Promise<string>;
  /** Ends what is being made. */
  stop: () => void;
  /** Everything that there is in the account and can be left behind, sorted. */
  list: () => Promise<string[]>;
}

/** Opens one, which does what the emulator cannot. */
export async function openWorld(): Promise<World> {
  const account = await openEmulatedAccount();
  const outputs: string[] = [];
  const { cloud, open, lines, stop } = openTestCloud();
  const stands = { ...standsOfAgents(outputs), ...standsOfImages(account) };
  for (const [action, stand] of Object.entries(stands)) account.stub(action, stand);

  const build: World['build'] = async (fates = {}, options = {}) => {
    const restore = befall(account, stands, fates);
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
  return { account, cloud, open, lines, outputs, build, stop, list: () => listAll(cloud) };
}

/** Lets it befall them; until the function is called that it gives. */
function befall(
  account: EmulatedAccount,
  stands: Record<string, AwsHandler>,
  fates: Record<string, Fate>,
): () => void {
  const actions = new Set(Object.keys(fates).map((place) => place.split(' ')[0] ?? ''));
  const usualOf = (action: string): AwsHandler => stands[action] ?? ((_, pass) => pass());
  for (const action of actions) {
    let nth = 0;
    account.stub(action, (asked, pass) => {
      const usual = async () => usualOf(action)(asked, pass);
      const fate = ++nth === 1 ? fates[action] : fates[`${action} ${nth}`];
      return fate ? fate(asked, usual) : usual();
    });
  }
  return () => {
    for (const action of actions) account.stub(action, usualOf(action));
  };
}

/** What the emulator cannot do of Systems Manager: know agents, and run scripts. */
function standsOfAgents(outputs: string[]): Record<string, AwsHandler> {
  // The reason why the last script failed.
  let problem = '';
  return {
    'ssm:DescribeInstanceInformation': () => ({
      status: 200,
      body: JSON.stringify({ InstanceInformationList: [{ PingStatus: 'Online' }] }),
    }),
    'ssm:SendCommand': async ({ body }, pass) => {
      const { Parameters } = JSON.parse(body.toString()) as { Parameters: { commands: string[] } };
      problem = '';
      await runHere(Parameters.commands.join('\n')).then(
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

/** What the emulator cannot do of images: tag their snapshots, delete these with them, and a few answers. */
export function standsOfImages({ id: accountId }: EmulatedAccount): Record<string, AwsHandler> {
  const { ec2 } = openMoto(accountId);
  const snapshotsOf = async (filter: { Name: string; Values: string[] }) => {
    const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Filters: [filter] }));
    return Images.flatMap((it) => it.BlockDeviceMappings ?? []).flatMap(
      (it) => it.Ebs?.SnapshotId ?? [],
    );
  };
  return {
    'iam:RemoveRoleFromInstanceProfile': async (asked, pass) => {
      const answer = await pass();
      return answer.status === 500 ? formatAwsError(asked, 404, 'NoSuchEntity') : answer;
    },
    'ec2:CreateImage': async (whole, pass) => {
      const asked = new URLSearchParams(whole.body.toString());
      const name = asked.get('Name') ?? '';
      if ((await listImages(ec2, 'self', [{ Name: 'name', Values: [name] }])).length > 0) {
        return formatAwsError(whole, 400, 'InvalidAMIName.Duplicate');
      }
      const tags = [...asked].flatMap(([key, Key]) => {
        const [, n] = /^TagSpecification\.1\.Tag\.(\d+)\.Key$/.exec(key) ?? [];
        return n ? { Key, Value: asked.get(`TagSpecification.1.Tag.${n}.Value`) ?? '' } : [];
      });
      const known = [...asked].filter(([key]) => !key.startsWith('TagSpecification.2.'));
      const answer = await pass(new URLSearchParams(known).toString());
      const Resources = await snapshotsOf({ Name: 'name', Values: [name] });
      await ec2.send(new CreateTagsCommand({ Resources, Tags: tags }));
      return answer;
    },
    'ec2:DeregisterImage': async ({ body }, pass) => {
      const id = new URLSearchParams(body.toString()).get('ImageId') ?? '';
      const snapshots = await snapshotsOf({ Name: 'image-id', Values: [id] });
      const answer = await pass();
      for (const snapshot of snapshots) await deleteSnapshot(ec2, snapshot);
      return answer;
    },
  };
}

/** Runs what a builder would, but for what userdata/image.sh does there. */
async function runHere(script: string): Promise<string> {
  const stands = `
    bash() { ls "$1" src/server.ts package-lock.json; rm -rf "$checkout"; }
    systemd-run() { true; }
  `;
  const { stdout } = await run('bash', ['-c', `${stands}\n${script}`]);
  return stdout;
}

const idsOf = (things: { id: string }[]) => things.map(({ id }) => id);

/** What can be left behind, by its kind. */
export const LISTS = {
  instances: async ({ clients: { ec2 } }: CloudContext) =>
    idsOf((await listInstances(ec2, [])).filter(({ state }) => state !== 'terminated')),
  volumes: async ({ clients: { ec2 } }: CloudContext) => idsOf(await listVolumes(ec2, [])),
  groups: async ({ clients: { ec2 } }: CloudContext) => idsOf(await listSecurityGroups(ec2, [])),
  images: async ({ clients: { ec2 } }: CloudContext) => idsOf(await listImages(ec2, 'self', [])),
  snapshots: async ({ clients: { ec2 } }: CloudContext) =>
    idsOf(await listSnapshots(ec2, [tagFilter(RUN_TAG)])),
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
