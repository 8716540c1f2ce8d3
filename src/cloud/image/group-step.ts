import { findCreatedByRun } from '../../aws/ec2/find-created.ts';
import { isAwsError } from '../../aws/errors.ts';
import { cleanupPollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { createGroup, deleteGroup, listGroups } from './security-groups.ts';
import {
  beginWith,
  type BuildContext,
  type BuildStep,
  type UndoContext,
  sayLeft,
} from './build.ts';
import { groupInput, nameOf } from './requests.ts';

const FREE_MAX_MS = 5 * 60_000;

/** Makes a security group that lets nobody in; undone, it is deleted. */
export const group: BuildStep = {
  name: 'group',
  run: async (build) => {
    build.groupId = await beginWith(build, 'group', createOnce(build));
  },
  undo: async (ending) => {
    const { clients } = ending;
    for (const id of await findGroups(ending)) {
      const look = async () =>
        (await deleteGroup(clients.ec2, id)) ? { done: true } : { pending: 'still in use' };
      await poll(`The security group ${id}`, look, cleanupPollOptions(ending, FREE_MAX_MS));
    }
  },
  formatOrphans: ({ runId }) => [sayLeft(`the security group ${nameOf(runId)}`)],
};

async function createOnce(build: BuildContext): Promise<string> {
  try {
    return await createGroup(build.clients.ec2, groupInput(build.plan));
  } catch (error) {
    if (!isAwsError(error, 'InvalidGroup.Duplicate')) throw error;
    const [id] = await findGroups(build);
    if (id === undefined) throw error;
    return id;
  }
}

function findGroups(ending: UndoContext): Promise<string[]> {
  return findCreatedByRun(ending, 'A security group', ending.groupId, (ofRun) =>
    listGroups(ending.clients.ec2, [ofRun]),
  );
}
