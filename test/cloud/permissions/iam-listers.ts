import { type Account, type Lister, onArn, withActions } from './listers.ts';
import type { IamRequest } from './simulate.ts';

/** Returns the request to pass a role to EC2. */
export async function passRole(name: string, { readRole }: Account): Promise<IamRequest> {
  const { arn } = await readRole(name);
  const context = { 'iam:PassedToService': 'ec2.amazonaws.com' };
  return { action: 'iam:PassRole', resource: arn, context };
}

const onRole: Lister = async (action, { RoleName }: { RoleName: string }, { readRole }) => {
  const { arn, boundary } = await readRole(RoleName);
  const context = boundary === null ? {} : { 'iam:PermissionsBoundary': boundary };
  return [{ action, resource: arn, context }];
};

const onProfile: Lister = async (
  action,
  { InstanceProfileName }: { InstanceProfileName: string },
  { readInstanceProfile },
) => {
  const { arn } = await readInstanceProfile(InstanceProfileName);
  return [{ action, resource: arn }];
};

const onNewRole: Lister = (
  action,
  input: { Path?: string; RoleName: string; PermissionsBoundary?: string },
  { id },
) => [
  {
    action,
    resource: `arn:aws:iam::${id}:role${input.Path ?? '/'}${input.RoleName}`,
    context: input.PermissionsBoundary
      ? { 'iam:PermissionsBoundary': input.PermissionsBoundary }
      : {},
  },
];

const onNewProfile = onArn(
  ({ Path = '/', InstanceProfileName }: { Path?: string; InstanceProfileName: string }, { id }) =>
    `arn:aws:iam::${id}:instance-profile${Path}${InstanceProfileName}`,
);

/** The listers of the requests to IAM itself. */
export const IAM_LISTERS: Record<string, Lister> = {
  'iam:AddRoleToInstanceProfile': async (
    action,
    input: { InstanceProfileName: string; RoleName: string },
    account,
  ) => [
    ...(await onProfile(action, input as never, account)),
    await passRole(input.RoleName, account),
  ],
  'iam:CreateInstanceProfile': withActions(
    ['iam:CreateInstanceProfile', 'iam:TagInstanceProfile'],
    onNewProfile,
  ),
  'iam:CreateRole': withActions(['iam:CreateRole', 'iam:TagRole'], onNewRole),
  'iam:DeleteInstanceProfile': onProfile,
  'iam:DeleteRole': onRole,
  'iam:DeleteRolePolicy': onRole,
  'iam:GetInstanceProfile': onProfile,
  'iam:GetPolicy': onArn(({ PolicyArn }: { PolicyArn: string }) => PolicyArn),
  'iam:GetRole': onRole,
  'iam:PutRolePolicy': onRole,
  'iam:RemoveRoleFromInstanceProfile': onProfile,
  'iam:SimulatePrincipalPolicy': onArn(
    ({ PolicySourceArn }: { PolicySourceArn: string }) => PolicySourceArn,
  ),
};
