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
 * Makes what runs need, a volume unless there is one, and an image, and prints the settings that name them. What
 * was made is not left when something fails.
 * @throws OperatorError, when everything that was begun is undone, or says what is not
 */
export async function provision(
  context: WarehouseContext,
  config: InstanceConfig,
  order: ProvisionOptions,
): Promise<void> {
  const claim = await lockFolder(context.folder);
  try {
    const site = await findSite(context.ec2, config, order);
    const { sizeGib } = order;
    const current = createProvisionContext(context, config, { sizeGib, site });
    claim.setDescription(`the provision ${current.runId}`);
    const { subnet, image, volume } = site;
    const where = volume ? `The volume ${volume.id}` : `A volume of ${sizeGib} GiB`;
    current.log(
      `${where} in ${subnet.zone}, and an image from ${image.name || image.id}: ${current.runId}`,
    );
    await runProvision(current);
  } finally {
    claim.release();
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
  // before the instance is ended, which may fail: these are there
  current.print('Keep these settings:');
  current.print(`WAREHOUSE_IMAGE_ID=${current.imageId}`);
  current.print(`WAREHOUSE_VOLUME_ID=${current.volumeId}`);
  await undoSteps(PROVISION_STEPS, current);
}
