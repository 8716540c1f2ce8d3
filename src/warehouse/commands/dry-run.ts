import { runInstancesInput } from '../../aws/ec2/launch.ts';
import { planSteps } from '../../cli/steps.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { RunContext } from '../context.ts';
import { newState, openRun } from '../run/active-run.ts';
import { attachmentInput } from '../steps/attach-step.ts';
import { launchOptions } from '../steps/instance-step.ts';
import { preflightCheck } from '../steps/preflight-check.ts';
import { snapshotInput } from '../steps/snapshot-steps.ts';
import { RUNNING_UNTIL_TAG } from '../tags.ts';
import { checkPermissions, NOT_ALLOWED } from './permissions.ts';
import { STEPS } from './run.ts';

// The id of an instance that does not exist yet.
const INSTANCE_ID = 'i-00000000000000000';

/**
 * Prints the requests and commands of a run, and whether AWS would allow the requests. Changes nothing.
 * @throws OperatorError when the preflight check fails, or when AWS does not allow a request
 */
export async function dryRun(context: RunContext): Promise<void> {
  const { ec2, print } = context;
  const state = newState(context.config, await preflightCheck(context));
  state.instanceId = INSTANCE_ID;
  const planned = openRun(context, state);
  for (const line of await planSteps(STEPS, planned)) print(line);
  print(`Nothing was changed. ${INSTANCE_ID} stands for an instance that does not exist.`);

  const permissions = await checkPermissions(ec2, {
    launch: runInstancesInput(await launchOptions(planned)),
    attachment: attachmentInput(planned),
    snapshot: snapshotInput(planned),
    tag: { Key: RUNNING_UNTIL_TAG, Value: 'dry run' },
  });
  for (const { action, answer } of permissions) print(`  ec2:${action}: ${answer}`);
  const denied = permissions.filter(({ answer }) => answer === NOT_ALLOWED);
  if (denied.length === 0) return;
  const actions = denied.map(({ action }) => `ec2:${action}`).join(', ');
  throw new OperatorError(
    `AWS does not allow ${actions}. Use the IAM policy that docs/warehouse.md names, which allows every request.`,
  );
}
