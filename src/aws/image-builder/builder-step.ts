import { poll } from '../../cli/poll.ts';
import type { PlannedStep } from '../../cli/steps.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { findCreatedByRun } from '../ec2/find-created-by-run.ts';
import { checkInstanceState, listInstances } from '../ec2/instances.ts';
import { type LaunchOptions, launchInstance, runInstancesInput } from '../ec2/launch.ts';
import { TERMINATED_MAX_MS, terminateAndWait } from '../ec2/terminate.ts';
import { isAwsError } from '../errors.ts';
import { formatRequest } from '../format-request.ts';
import { cleanupPollOptions, pollOptions } from '../poll-options.ts';
import { type ImageBuild, type ImageKind, requireId } from './image-build.ts';

const LAUNCH_TIMEOUT_MS = 2 * 60_000;
const RUNNING_TIMEOUT_MS = 5 * 60_000;

/** Creates the step that starts the instance from which the image is created, and that terminates it. */
export function createBuilderStep<Build extends ImageBuild>(
  kind: ImageKind<Build>,
): PlannedStep<Build, ImageBuild> {
  return {
    name: 'builder',
    runMessage: 'Starting an instance of Amazon Linux',
    run: async (build) => {
      const options = await kind.launchOptions(build);
      build.builderType = options.instanceType;
      const request = () => launch(build, options);
      const id = await poll('The instance', request, pollOptions(build, LAUNCH_TIMEOUT_MS));
      build.builderId = id;
      const check = () => checkInstanceState(build.ec2, id, 'running');
      await poll(`The instance ${id}`, check, pollOptions(build, RUNNING_TIMEOUT_MS));
    },
    undo: async (build) => {
      const { ec2, builderId, log, timing } = build;
      const ids = await findCreatedByRun(build, 'An instance', builderId, (ofRun) =>
        listInstances(ec2, [ofRun]),
      );
      for (const id of ids) {
        log(`Terminating the instance ${id} …`);
        const options = cleanupPollOptions(build, TERMINATED_MAX_MS);
        await terminateAndWait(ec2, id, timing.visibilityTimeoutMs, options);
      }
    },
    formatOrphans: (build) => [kind.formatOrphan('instance', build)],
    plan: async (build) => {
      const options = await kind.launchOptions(build);
      const input = { ...runInstancesInput(options), UserData: options.userData };
      return {
        run: [formatRequest('RunInstances', input)],
        undo: [formatRequest('TerminateInstances', { InstanceIds: [requireId(build.builderId)] })],
      };
    },
  };
}

async function launch({ ec2, signal }: ImageBuild, options: LaunchOptions) {
  try {
    const { id } = await launchInstance(ec2, options, signal);
    return { done: id };
  } catch (error) {
    if (isRoleUnknown(error)) return { pending: 'EC2 does not know the new role yet' };
    throw error;
  }
}

/** Returns whether EC2 does not know the instance profile yet, or its role. IAM is eventually consistent. */
function isRoleUnknown(error: unknown): boolean {
  return (
    isAwsError(error, 'InvalidParameterValue') &&
    /iam\s?instance\s?profile/i.test(errorMessage(error))
  );
}
