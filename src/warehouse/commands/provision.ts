import { runSteps, undoSteps } from '../../cli/steps.ts';
import { errorMessage } from '../../errors/error-message.ts';
import {
  type ProvisionOptions,
  createProvisionContext,
  type ProvisionContext,
} from '../provision/provision-context.ts';
import { planProvision } from '../provision/plan.ts';
import { PROVISION_STEPS } from '../provision/steps.ts';
import { lockFolder } from '../run/lock.ts';
import type { WarehouseContext } from '../context.ts';
import type { InstanceConfig } from '../settings.ts';

/**
 * Creates the image of a run's instance, and a volume unless `options` name one, and prints the settings for both.
 * After a failure, all steps are undone.
 * @throws OperatorError with the failure, and with the resources that may still exist
 */
export async function provision(
  context: WarehouseContext,
  config: InstanceConfig,
  options: ProvisionOptions,
): Promise<void> {
  const lock = await lockFolder(context.folder);
  try {
    const plan = await planProvision(context.ec2, config, options);
    const { sizeGib } = options;
    const current = createProvisionContext(context, config, { sizeGib, plan });
    lock.setDescription(`the provision ${current.runId}`);
    const { subnet, image, volume } = plan;
    const volumeText = volume ? `the volume ${volume.id}` : `a volume of ${sizeGib} GiB`;
    current.log(
      `Building an image from ${image.name || image.id}, with ${volumeText} in ${subnet.zone}. The run is ${current.runId}.`,
    );
    await runProvision(current);
  } finally {
    lock.release();
  }
}

async function runProvision(current: ProvisionContext): Promise<void> {
  try {
    await runSteps(PROVISION_STEPS, current);
  } catch (error) {
    current.log(errorMessage(error));
    await undoSteps(PROVISION_STEPS, current);
    throw error;
  }
  current.isDone = true;
  // Image and volume are ready, even if removing the builder fails.
  current.print('Image and volume are ready. Add these settings to your environment:');
  current.print(`WAREHOUSE_IMAGE_ID=${current.imageId}`);
  current.print(`WAREHOUSE_VOLUME_ID=${current.volumeId}`);
  await undoSteps(PROVISION_STEPS, current);
}
