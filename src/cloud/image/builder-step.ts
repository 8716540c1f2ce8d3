import { findCreatedByRun } from '../../aws/ec2/find-created.ts';
import { listInstances, checkInstanceState } from '../../aws/ec2/instances.ts';
import { launchInstance } from '../../aws/ec2/launch.ts';
import { terminateAndWait, TERMINATED_MAX_MS } from '../../aws/ec2/terminate.ts';
import { isAwsError } from '../../aws/errors.ts';
import { pollOptions, cleanupPollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { type BuildContext, type BuildStep, idOf, sayLeft } from './build.ts';
import { launchOf } from './requests.ts';

const ROLE_MAX_MS = 2 * 60_000;
const RUNNING_MAX_MS = 5 * 60_000;

/** Starts the instance that becomes the image; undone, it is terminated. */
export const builder: BuildStep = {
  name: 'builder',
  runMessage: 'Starting an Amazon Linux',
  run: async (build) => {
    const id = await poll('The instance', () => launch(build), pollOptions(build, ROLE_MAX_MS));
    build.builderId = id;
    const look = () => checkInstanceState(build.clients.ec2, id, 'running');
    await poll(`The instance ${id}`, look, pollOptions(build, RUNNING_MAX_MS));
  },
  undo: async (ending) => {
    const { clients, timing, log, builderId } = ending;
    const ids = await findCreatedByRun(ending, 'An instance', builderId, (ofRun) =>
      listInstances(clients.ec2, [ofRun]),
    );
    for (const id of ids) {
      log(`Terminating the instance ${id} …`);
      await terminateAndWait(
        clients.ec2,
        id,
        timing.visibilityTimeoutMs,
        cleanupPollOptions(ending, TERMINATED_MAX_MS),
      );
    }
  },
  formatOrphans: ({ builderId, runId }) => [
    sayLeft(`the instance ${builderId ?? `of the run ${runId}`}, which costs`),
  ],
};

async function launch({ clients, plan, groupId, signal }: BuildContext) {
  try {
    const { id } = await launchInstance(clients.ec2, launchOf(plan, idOf(groupId)), signal);
    return { done: id };
  } catch (error) {
    if (isRoleTooNew(error)) return { pending: 'AWS does not know its role everywhere yet' };
    throw error;
  }
}

function isRoleTooNew(error: unknown): boolean {
  return (
    isAwsError(error, 'InvalidParameterValue') &&
    /iam\s?instance\s?profile/i.test(errorMessage(error))
  );
}
