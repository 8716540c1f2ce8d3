import { runSteps, undoSteps } from '../../cli/steps.ts';
import { errorMessage } from '../../errors/error-message.ts';
import {
  type ProvisionOptions,
  createProvisionContext,
  type ProvisionContext,
} from '../provision/provision.ts';
import { findSite } from '../provision/site.ts';
import { PROVISION_STEPS } from '../provision/steps.ts';
import { lockFolder } from '../run/lock.ts';
import type { WarehouseContext } from '../context.ts';
import type { InstanceConfig } from '../settings.ts';

/**
 * Creates the image of a warehouse, and its volume unless the order names one, and prints their settings. A failure undoes
 * all steps.
 * @throws OperatorError after all steps are undone, or with the resources that may still exist
 */
export async function provision(
  context: WarehouseContext,
  config: InstanceConfig,
  order: ProvisionOptions,
): Promise<void> {
  const lock = await lockFolder(context.folder);
  try {
    const site = await findSite(context.ec2, config, order);
    const { sizeGib } = order;
    const current = createProvisionContext(context, config, { sizeGib, site });
    lock.setDescription(`the provision ${current.runId}`);
    const { subnet, image, volume } = site;
    const subject = volume ? `The volume ${volume.id}` : `A volume of ${sizeGib} GiB`;
    current.log(
      `${subject} in ${subnet.zone}, and an image from ${image.name || image.id}: ${current.runId}`,
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
  // Printed before the builder is terminated, which may fail.
  current.print('Add these settings to your environment:');
  current.print(`WAREHOUSE_IMAGE_ID=${current.imageId}`);
  current.print(`WAREHOUSE_VOLUME_ID=${current.volumeId}`);
  await undoSteps(PROVISION_STEPS, current);
}
