import { fillIn } from '../../../src/warehouse/provision/user-data.ts';
import { createInstance, type Instance } from './instance.ts';
import type { Layers } from './layers.ts';
import type { Volume } from './volume.ts';

/** What an image is made with. */
export interface Build {
  volumeId: string;
  /** Empty; has a filesystem afterwards. */
  volume: Volume;
  /** Where the image is kept: does not exist yet. */
  folder: string;
}

/** Makes an image as a provision does; gives also what it was made of, switched off. */
export async function buildImage(build: Build): Promise<{ builder: Instance; image: Layers }> {
  const { volumeId, volume, folder } = build;
  const builder = await createInstance({ userData: await fillIn({ VOLUME_ID: volumeId }) });
  await builder.start();
  await builder.attach(volume, 'xvdf');
  await builder.booted();
  await builder.powerOff();
  return { builder, image: await builder.saveImage(folder) };
}
