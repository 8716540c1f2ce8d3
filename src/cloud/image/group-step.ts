import { findCreatedByRun } from '../../aws/ec2/find-created.ts';
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
import { groupInput, nameOf } from './requests.ts';
import { createGroup, deleteGroup, listGroups } from './security-groups.ts';

const FREE_TIMEOUT_MS = 5 * 60_000;

/** Creates a security group for the builder, without inbound rules. */
export const group: BuildStep = {
  name: 'group',
  run: async (build) => {
    build.groupId = await createFirstResource(build, 'group', createOnce(build));
  },
  undo: async (context) => {
    for (const id of await findGroups(context)) {
      const request = async () =>
        (await deleteGroup(context.ec2, id)) ? { done: true } : { pending: 'still in use' };
      const options = cleanupPollOptions(context, FREE_TIMEOUT_MS);
      await poll(`The security group ${id}`, request, options);
    }
  },
  formatOrphans: ({ runId }) => [formatOrphan(`the security group ${nameOf(runId)}`)],
  plan: ({ plan, groupId }) => ({
    run: [formatRequest('CreateSecurityGroup', groupInput(plan))],
    undo: [formatRequest('DeleteSecurityGroup', { GroupId: requireId(groupId) })],
  }),
};

async function createOnce(build: BuildContext): Promise<string> {
  try {
    return await createGroup(build.ec2, groupInput(build.plan));
  } catch (error) {
    // The response to an earlier attempt was lost.
    if (!isAwsError(error, 'InvalidGroup.Duplicate')) throw error;
    const [id] = await findGroups(build);
    if (id === undefined) throw error;
    return id;
  }
}

function findGroups(context: UndoContext): Promise<string[]> {
  return findCreatedByRun(context, 'A security group', context.groupId, (ofRun) =>
    listGroups(context.ec2, [ofRun]),
  );
}
