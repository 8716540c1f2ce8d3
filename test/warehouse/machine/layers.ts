import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Roots } from '../../deploy/machine.ts';

const run = promisify(execFile);

/** Folders that make up a computer's `/` together, the upper first. None of them is changed. */
export type Layers = string[];

/** A machine's `/` that is made of layers in no time, with one on top for what it changes. */
export function onTopOf(layers: Layers): Roots {
  return {
    make: async (folder) => {
      for (const each of [folder, upperOf(folder), workOf(folder)]) await mkdir(each);
      const options = `lowerdir=${layers.join(':')},upperdir=${upperOf(folder)},workdir=${workOf(folder)}`;
      await run('mount', ['-t', 'overlay', '-o', options, 'overlay', folder]);
    },
    release: async (folder) => {
      await run('umount', [folder]);
    },
  };
}

/** Copies what such a machine, which is switched off, has changed, as one more layer. */
export async function keepChanges(folder: string, to: string): Promise<void> {
  await run('cp', ['-a', upperOf(folder), to]);
}

const upperOf = (folder: string) => `${folder}-upper`;
const workOf = (folder: string) => `${folder}-work`;
