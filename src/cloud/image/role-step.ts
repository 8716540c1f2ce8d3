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
import { withAwsError, isAwsError, nullIfAwsError } from '../../aws/errors.ts';
import { cleanupPollOptions } from '../../aws/poll-options.ts';
import { type PollResult, poll } from '../../cli/poll.ts';
import { beginWith, type BuildStep, sayLeft } from './build.ts';
import { nameOf, roleInputs } from './requests.ts';

const GONE_MAX_MS = 60_000;

/** Makes a role with which the builder can be sent commands; undone, there is none. */
export const role: BuildStep = {
  name: 'role',
  runMessage: 'Making a role for the instance',
  run: async (build) => {
    const { iam } = build.clients;
    const inputs = roleInputs(build.runId, await iam.config.region());
    const attempt = `Cannot make the role ${inputs.role.RoleName}`;
    const making = withAwsError(attempt, iam.send(new CreateRoleCommand(inputs.role)));
    await beginWith(build, 'role', nullIfAwsError('EntityAlreadyExists', making));
    await withAwsError(attempt, iam.send(new PutRolePolicyCommand(inputs.policy)));
    const profile = withAwsError(
      attempt,
      iam.send(new CreateInstanceProfileCommand(inputs.profile)),
    );
    await nullIfAwsError('EntityAlreadyExists', profile);
    const member = withAwsError(
      attempt,
      iam.send(new AddRoleToInstanceProfileCommand(inputs.membership)),
    );
    // a profile has one role: with it, AWS says that it is full
    await nullIfAwsError('LimitExceeded', member);
  },
  undo: async (context) => {
    const { runId } = context;
    const { iam } = context.clients;
    const { membership, policy } = roleInputs(runId, await iam.config.region());
    const { InstanceProfileName, RoleName } = membership;
    const { PolicyName } = policy;
    const attempt = `Cannot delete the role ${RoleName}`;
    const requests = [
      () => iam.send(new RemoveRoleFromInstanceProfileCommand(membership)),
      () => iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName })),
      () => iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName })),
      () => iam.send(new DeleteRoleCommand({ RoleName })),
    ];
    for (const send of requests) {
      const look = () => lookIfGone(withAwsError(attempt, send()));
      await poll(`The role ${RoleName}`, look, cleanupPollOptions(context, GONE_MAX_MS));
    }
  },
  formatOrphans: ({ runId }) => [sayLeft(`the role and the instance profile ${nameOf(runId)}`)],
};

async function lookIfGone(answer: Promise<unknown>): Promise<PollResult<true>> {
  try {
    await nullIfAwsError('NoSuchEntity', answer);
    return { done: true };
  } catch (error) {
    // what was taken from it just now is not everywhere yet
    if (isAwsError(error, 'DeleteConflict')) return { pending: 'still in use' };
    throw error;
  }
}
