import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderScript } from '../../../src/aws/render-script.ts';
import { READY } from '../../../src/warehouse/provision/outcome.ts';
import type { Layers } from '../../deploy/layers.ts';
import type { Defer } from '../../support/cleanup.ts';
import { createInstance, type Instance } from './instance.ts';
import type { Volume } from './volume.ts';

/** The options of an image. */
export interface Build {
  volumeId: string;
  /** An empty volume, which has a filesystem afterwards. */
  volume: Volume;
  /** The path of the image, which does not exist yet. */
  folder: string;
}

/** Creates an image as a provision does. Also returns its instance, which is switched off. */
export async function buildImage(
  defer: Defer,
  { volumeId, volume, folder }: Build,
): Promise<{ builder: Instance; image: Layers }> {
  const userData = await renderScript('warehouse.sh', { VOLUME_ID: volumeId });
  const builder = await createInstance(defer, { userData });
  await builder.start();
  await builder.attach(volume, 'xvdf');
  await builder.booted();
  if (!builder.console().includes(READY)) {
    const log = await readFile(join(builder.root, 'srv/user-data.log'), 'utf8');
    throw new Error(`userdata/warehouse.sh made no image:\n${log}`);
  }
  await builder.powerOff();
  return { builder, image: await builder.saveImage(folder) };
}
