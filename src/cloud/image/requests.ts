import type { LaunchOptions } from '../../aws/ec2/launch.ts';
import type { CreateImageOptions } from '../../aws/ec2/create-image.ts';
import { RUN_TAG, type Tags, tagSpecifications } from '../../aws/ec2/tags.ts';
import { BUILDER, COMMIT_TAG, IMAGE_TAG } from '../images.ts';
import type { BuildPlan } from './plan.ts';

/** The path of what IAM keeps for the builders of a region, though it keeps it for all of them. */
export function iamPath(region: string): string {
  return `/minitwit-builder/${region}/`;
}

/** What the names begin with of what is there only while an image is made; the run's id follows. */
export const NAME_PREFIX = 'minitwit-builder-';

/** The name of the archive in its bucket. */
export const SOURCE_KEY = 'source.tar.gz';

// should nobody be left to end the builder; it is stopped before, where all goes well
const BUILDER_MAX_MINUTES = 120;

/** What a run calls what it makes on the way. */
export function builderName(runId: string): string {
  return `${NAME_PREFIX}${runId}`;
}

/** The same for its bucket, whose name has no capitals. */
export function sourceBucketName(runId: string): string {
  return builderName(runId).toLowerCase();
}

/** The tags of all that is made on the way. */
export function builderTags(runId: string): Tags {
  return { Name: 'minitwit-builder', [IMAGE_TAG]: BUILDER, [RUN_TAG]: runId };
}

/** The tags of the image once it is done. */
export function imageTags({ source }: BuildPlan): Tags {
  const { version, commit } = source;
  return { Name: `minitwit ${version}`, [IMAGE_TAG]: version, [COMMIT_TAG]: commit };
}

/** The requests for a role that an instance can have, with which it can be sent commands, and nothing else. */
export function roleInputs(runId: string, region: string) {
  const Path = iamPath(region);
  const RoleName = builderName(runId);
  const InstanceProfileName = builderName(runId);
  const policyKey = { RoleName, PolicyName: 'run-command' };
  const Tags = Object.entries(builderTags(runId)).map(([Key, Value]) => ({ Key, Value }));
  return {
    role: {
      RoleName,
      Path,
      Description: 'The instance of which an image of MiniTwit is made',
      AssumeRolePolicyDocument: policyDocument({
        Principal: { Service: 'ec2.amazonaws.com' },
        Action: 'sts:AssumeRole',
      }),
      Tags,
    },
    policy: {
      ...policyKey,
      PolicyDocument: policyDocument({ Action: RUN_COMMAND_ACTIONS, Resource: '*' }),
    },
    profile: { InstanceProfileName, Path, Tags },
    membership: { InstanceProfileName, RoleName },
    roleKey: { RoleName },
    policyKey,
    profileKey: { InstanceProfileName },
  };
}

// what the agent asks for that is on every Amazon Linux
const RUN_COMMAND_ACTIONS = [
  'ssm:UpdateInstanceInformation',
  'ssmmessages:CreateControlChannel',
  'ssmmessages:CreateDataChannel',
  'ssmmessages:OpenControlChannel',
  'ssmmessages:OpenDataChannel',
  'ec2messages:AcknowledgeMessage',
  'ec2messages:DeleteMessage',
  'ec2messages:FailMessage',
  'ec2messages:GetEndpoint',
  'ec2messages:GetMessages',
  'ec2messages:SendReply',
];

function policyDocument(statement: object): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', ...statement }],
  });
}

/** The request for a security group that lets nobody in; out, as every new one, to everywhere. */
export function securityGroupInput({ runId, subnet }: BuildPlan) {
  return {
    GroupName: builderName(runId),
    Description: 'Lets nobody in while an image of MiniTwit is made',
    VpcId: subnet.vpcId,
    TagSpecifications: tagSpecifications(builderTags(runId), 'security-group'),
  };
}

/** What kind of instance the image is made of. */
export function launchOptions(
  { runId, base, subnet, instanceType }: BuildPlan,
  groupId: string,
): LaunchOptions {
  return {
    token: runId,
    imageId: base.id,
    root: base.root,
    instanceType,
    instanceProfile: builderName(runId),
    securityGroup: groupId,
    subnetId: subnet.id,
    // it fetches packages, and its commands
    isPublic: true,
    market: 'on-demand',
    userData: `#!/bin/bash\nshutdown -h +${BUILDER_MAX_MINUTES}\n`,
    tags: builderTags(runId),
  };
}

/** As what the image is made. */
export function imageOptions({ runId, source }: BuildPlan): Omit<CreateImageOptions, 'instanceId'> {
  return {
    name: `minitwit-${runId}`,
    description: `MiniTwit ${source.version}, commit ${source.commit.slice(0, 12)}`,
    tags: builderTags(runId),
  };
}
