import { findCreatedByRun } from '../../aws/ec2/find-created-by-run.ts';
import { isAwsError } from '../../aws/errors.ts';
import { formatRequest } from '../../aws/format-request.ts';
import { requireId } from '../../aws/image-builder/image-build.ts';
import { cleanupPollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import {
  type BuildContext,
  type BuildStep,
  createFirstResource,
  formatOrphan,
  type UndoContext,
} from './build.ts';
import { securityGroupInput, builderName } from './requests.ts';
import { createSecurityGroup, deleteSecurityGroup, listSecurityGroups } from './security-groups.ts';

const FREE_TIMEOUT_MS = 5 * 60_000;

/** Creates a security group for the builder, without inbound rules. */
export const securityGroup: BuildStep = {
  name: 'group',
  run: async (build) => {
    build.groupId = await createFirstResource(build, 'group', createOnce(build));
  },
  undo: async (context) => {
    for (const id of await findSecurityGroups(context)) {
      const request = async () =>
        (await deleteSecurityGroup(context.ec2, id)) ? { done: true } : { pending: 'still in use' };
      const options = cleanupPollOptions(context, FREE_TIMEOUT_MS);
      await poll(`The security group ${id}`, request, options);
    }
  },
  formatOrphans: ({ runId }) => [formatOrphan(`the security group ${builderName(runId)}`)],
  plan: ({ plan, groupId }) => ({
    run: [formatRequest('CreateSecurityGroup', securityGroupInput(plan))],
    undo: [formatRequest('DeleteSecurityGroup', { GroupId: requireId(groupId) })],
  }),
};

async function createOnce(build: BuildContext): Promise<string> {
  try {
    return await createSecurityGroup(build.ec2, securityGroupInput(build.plan));
  } catch (error) {
    // The response to an earlier attempt was lost.
    if (!isAwsError(error, 'InvalidGroup.Duplicate')) throw error;
    const [id] = await findSecurityGroups(build);
    if (id === undefined) throw error;
    return id;
  }
}

function findSecurityGroups(context: UndoContext): Promise<string[]> {
  return findCreatedByRun(context, 'A security group', context.groupId, (ofRun) =>
    listSecurityGroups(context.ec2, [ofRun]),
  );
}
