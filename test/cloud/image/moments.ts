import type { Fate } from './world.ts';

// All are in order. S3's names are those of HTTP: of its PUTs the second is of the source, of its GETs the builder's.

/** What a build looks for before anything is made. */
export const BEFORE = [
  'ec2:DescribeInstanceTypes',
  'ec2:DescribeInstanceTypeOfferings',
  'ec2:DescribeImages',
  'ec2:DescribeSubnets',
  'ec2:DescribeInstances',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSnapshots',
  'iam:ListRoles',
  'iam:ListInstanceProfiles',
  's3:GET',
];

/** What it asks for until the image is there. */
export const WAY_IN = [
  'iam:CreateRole',
  'iam:PutRolePolicy',
  'iam:CreateInstanceProfile',
  'iam:AddRoleToInstanceProfile',
  's3:PUT',
  's3:PUT 2',
  'ec2:CreateSecurityGroup',
  'ec2:RunInstances',
  'ssm:DescribeInstanceInformation',
  'ssm:SendCommand',
  's3:GET 2',
  'ssm:GetCommandInvocation',
  'ec2:StopInstances',
  'ec2:CreateImage',
  'ec2:CreateTags 2',
];

/** What it asks for on the way out: together what does not keep the others from being asked. */
export const WAY_OUT = [
  [
    'ec2:TerminateInstances',
    'ec2:DeleteSecurityGroup',
    's3:DELETE',
    'iam:RemoveRoleFromInstanceProfile',
  ],
  ['ec2:DescribeVolumes', 's3:DELETE 2', 'iam:DeleteInstanceProfile'],
  ['iam:DeleteRolePolicy'],
  ['iam:DeleteRole'],
];

/** Whether it asks for more than to be told something. */
export const isNoLook = (place: string) => !/Describe|Get|GET/.test(place);

/** Does it, and loses the answer. */
export const lose: Fate = async (_, usual) => {
  await usual();
  throw new Error('lost');
};
