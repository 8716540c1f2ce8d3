import type { LaunchOptions } from '../../aws/ec2/launch.ts';
import type { CreateImageOptions } from '../../aws/ec2/create-image.ts';
import { tagSpecifications } from '../../aws/ec2/tags.ts';
import { RUN_TAG, type Tags } from '../../aws/tags.ts';
import { renderScript } from '../../aws/render-script.ts';
import { BUILDER, COMMIT_TAG, IMAGE_TAG, SCHEMA_TAG } from '../images.ts';
import type { BuildPlan } from './plan.ts';

/** Returns the IAM path of the roles and instance profiles of a region's builders. IAM itself has no regions. */
export function iamPath(region: string): string {
  return `/minitwit-builder/${region}/`;
}

/** The prefix of the names of a build's temporary resources. The run id follows. */
export const NAME_PREFIX = 'minitwit-builder-';

/** The key of the source archive in its bucket. */
export const SOURCE_KEY = 'source.tar.gz';

/** Returns the name of a build's temporary resources. */
export function builderName(runId: string): string {
  return `${NAME_PREFIX}${runId}`;
}

/** Returns the name of a build's bucket. Bucket names are in lower case. */
export function sourceBucketName(runId: string): string {
  return builderName(runId).toLowerCase();
}

/** Returns the tags of a build's temporary resources. */
function builderTags(runId: string): Tags {
  return { Name: 'minitwit-builder', [IMAGE_TAG]: BUILDER, [RUN_TAG]: runId };
}

/** Returns the tags of a complete image. */
export function imageTags({ source }: BuildPlan): Tags {
  const { version, commit, schemaVersion } = source;
  return {
    Name: `minitwit ${version}`,
    [IMAGE_TAG]: version,
    [COMMIT_TAG]: commit,
    [SCHEMA_TAG]: String(schemaVersion),
  };
}

/**
 * Returns the requests that create and delete a role that lets Systems Manager run commands on an instance.
 * @param boundary the ARN of the role's permissions boundary, or null for none
 */
export function roleInputs(runId: string, region: string, boundary: string | null) {
  const Path = iamPath(region);
  const RoleName = builderName(runId);
  const InstanceProfileName = builderName(runId);
  const policyKey = { RoleName, PolicyName: 'run-command' };
  const Tags = Object.entries(builderTags(runId)).map(([Key, Value]) => ({ Key, Value }));
  return {
    role: {
      RoleName,
      Path,
      Description: 'Builder of an image of MiniTwit',
      AssumeRolePolicyDocument: policyDocument({
        Principal: { Service: 'ec2.amazonaws.com' },
        Action: 'sts:AssumeRole',
      }),
      Tags,
      ...(boundary && { PermissionsBoundary: boundary }),
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

// The Systems Manager agent needs these. It is installed on every Amazon Linux.
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

/** Returns the request for a security group without inbound rules. New groups allow all outbound traffic. */
export function securityGroupInput({ runId, subnet }: BuildPlan) {
  return {
    GroupName: builderName(runId),
    Description: 'Builder of an image of MiniTwit, no inbound traffic',
    VpcId: subnet.vpcId,
    TagSpecifications: tagSpecifications(builderTags(runId), 'security-group'),
  };
}

/** Returns how the builder is launched. */
export async function launchOptions(
  { runId, base, subnet, instanceType, isBurstable }: BuildPlan,
  groupId: string,
): Promise<LaunchOptions> {
  return {
    token: runId,
    imageId: base.id,
    root: base.root,
    instanceType,
    isBurstable,
    instanceProfile: builderName(runId),
    securityGroup: groupId,
    subnetId: subnet.id,
    // The builder downloads packages, and its agent polls Systems Manager for commands.
    isPublic: true,
    market: 'on-demand',
    userData: await renderScript('builder.sh'),
    tags: builderTags(runId),
  };
}

/** Returns name, description and tags of the image until it is complete. */
export function imageOptions({ runId, source }: BuildPlan): Omit<CreateImageOptions, 'instanceId'> {
  return {
    name: `minitwit-${runId}`,
    description: `MiniTwit ${source.version}, commit ${source.commit.slice(0, 12)}`,
    tags: builderTags(runId),
  };
}
