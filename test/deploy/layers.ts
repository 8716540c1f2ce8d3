import { mkdir } from 'node:fs/promises';
import { runOrThrow } from '../support/run.ts';

/** Folders that make up a machine's `/` together, the upper first. A machine changes none of them. */
export type Layers = string[];

/** Mounts layers as one folder, which does not exist yet, with a layer on top for changes. */
export async function mountLayers(layers: Layers, folder: string): Promise<void> {
  for (const each of [folder, upperOf(folder), workOf(folder)]) await mkdir(each);
  const options = [
    `lowerdir=${layers.join(':')}`,
    `upperdir=${upperOf(folder)}`,
    `workdir=${workOf(folder)}`,
    // No machine outlives a power failure, so none of its writes has to reach the disk.
    'volatile',
  ];
  await runOrThrow('mount', '-t', 'overlay', '-o', options.join(','), 'overlay', folder);
}

/** Copies the changes of a machine that is switched off, as one more layer. */
export async function copyChanges(folder: string, to: string): Promise<void> {
  await runOrThrow('cp', '-a', upperOf(folder), to);
}

const upperOf = (folder: string) => `${folder}-upper`;
const workOf = (folder: string) => `${folder}-work`;
