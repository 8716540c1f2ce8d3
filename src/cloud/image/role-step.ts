import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  DeleteInstanceProfileCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  PutRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
} from '@aws-sdk/client-iam';
import { isAwsError, nullIfAwsError, withAwsError } from '../../aws/errors.ts';
import { formatRequest } from '../../aws/format-request.ts';
import { cleanupPollOptions, pollOptions } from '../../aws/poll-options.ts';
import { type PollResult, poll } from '../../cli/poll.ts';
import { readRegion } from '../region.ts';
import { type BuildStep, createFirstResource, formatOrphan, type UndoContext } from './build.ts';
import { builderName, roleInputs } from './requests.ts';

const KNOWN_TIMEOUT_MS = 60_000;
const DELETED_TIMEOUT_MS = 60_000;

/** Creates the builder's role and instance profile, which let Systems Manager run commands on it. */
export const role: BuildStep = {
  name: 'role',
  runMessage: 'Creating a role for the instance',
  run: async (build) => {
    const { iam } = build.clients;
    const inputs = await readInputs(build, build.plan.boundary);
    const attempt = `Cannot create the role ${inputs.role.RoleName}`;
    const created = withAwsError(attempt, iam.send(new CreateRoleCommand(inputs.role)));
    await createFirstResource(build, 'role', nullIfAwsError('EntityAlreadyExists', created));
    const subject = `The role ${inputs.role.RoleName}`;
    const whenKnown = (send: () => Promise<unknown>) =>
      poll(subject, () => checkKnown(send()), pollOptions(build, KNOWN_TIMEOUT_MS));
    await whenKnown(() => withAwsError(attempt, iam.send(new PutRolePolicyCommand(inputs.policy))));
    const profile = iam.send(new CreateInstanceProfileCommand(inputs.profile));
    await nullIfAwsError('EntityAlreadyExists', withAwsError(attempt, profile));
    await whenKnown(() => {
      const member = iam.send(new AddRoleToInstanceProfileCommand(inputs.membership));
      // A profile has at most one role, so the limit is exceeded when an earlier attempt has added the role.
      return nullIfAwsError('LimitExceeded', withAwsError(attempt, member));
    });
  },
  undo: async (context) => {
    const { iam } = context.clients;
    const { membership, profileKey, policyKey, roleKey } = await readInputs(context);
    const attempt = `Cannot delete the role ${roleKey.RoleName}`;
    const requests = [
      () => iam.send(new RemoveRoleFromInstanceProfileCommand(membership)),
      () => iam.send(new DeleteInstanceProfileCommand(profileKey)),
      () => iam.send(new DeleteRolePolicyCommand(policyKey)),
      () => iam.send(new DeleteRoleCommand(roleKey)),
    ];
    for (const send of requests) {
      const request = () => checkDeleted(withAwsError(attempt, send()));
      const options = cleanupPollOptions(context, DELETED_TIMEOUT_MS);
      await poll(`The role ${roleKey.RoleName}`, request, options);
    }
  },
  formatOrphans: ({ runId }) => [
    formatOrphan(`the role and the instance profile ${builderName(runId)}`),
  ],
  plan: async (build) => {
    const inputs = await readInputs(build, build.plan.boundary);
    return {
      run: [
        formatRequest('CreateRole', inputs.role),
        formatRequest('PutRolePolicy', inputs.policy),
        formatRequest('CreateInstanceProfile', inputs.profile),
        formatRequest('AddRoleToInstanceProfile', inputs.membership),
      ],
      undo: [
        formatRequest('RemoveRoleFromInstanceProfile', inputs.membership),
        formatRequest('DeleteInstanceProfile', inputs.profileKey),
        formatRequest('DeleteRolePolicy', inputs.policyKey),
        formatRequest('DeleteRole', inputs.roleKey),
      ],
    };
  },
};

async function readInputs({ clients, runId }: UndoContext, boundary: string | null = null) {
  return roleInputs(runId, await readRegion(clients), boundary);
}

async function checkKnown(response: Promise<unknown>): Promise<PollResult<true>> {
  try {
    await response;
    return { done: true };
  } catch (error) {
    // IAM is eventually consistent: it may not know yet that the role or its profile was created.
    if (isAwsError(error, 'NoSuchEntity')) return { pending: 'not known to IAM yet' };
    throw error;
  }
}

async function checkDeleted(response: Promise<unknown>): Promise<PollResult<true>> {
  try {
    await nullIfAwsError('NoSuchEntity', response);
    return { done: true };
  } catch (error) {
    // IAM is eventually consistent: it may not know yet that the role was removed from its profile.
    if (isAwsError(error, 'DeleteConflict')) return { pending: 'still in use' };
    throw error;
  }
}
