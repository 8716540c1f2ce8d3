import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOrThrow } from '../support/run-command.ts';

/** Folders that together are the `/` of a machine, the uppermost first. A machine does not change them. */
export type Layers = string[];

/** Mounts layers as one folder, which does not exist yet, with a layer on top for changes. */
export async function mountLayers(layers: Layers, folder: string): Promise<void> {
  for (const each of foldersOf(folder)) await mkdir(each);
  const [mount = '', ...parameters] = mountCommand(layers, folder);
  await runOrThrow(mount, ...parameters);
}

/** Returns the command that mounts layers as one folder. */
function mountCommand(layers: Layers, folder: string): string[] {
  const options = [
    `lowerdir=${layers.join(':')}`,
    `upperdir=${upperOf(folder)}`,
    `workdir=${workOf(folder)}`,
    // No machine outlives a power failure, so none of its writes has to reach the disk.
    'volatile',
  ];
  return ['mount', '-t', 'overlay', '-o', options.join(','), 'overlay', folder];
}

/** Returns the error of a mount of layers in a temporary folder, or null if the mount succeeds. Leaves no mount. */
export function findMountError(): string | null {
  const scratch = mkdtempSync(join(tmpdir(), 'minitwit-layers-'));
  try {
    const [layer, root] = [join(scratch, 'layer'), join(scratch, 'root')];
    for (const each of [layer, ...foldersOf(root)]) mkdirSync(each);
    // The kernel removes the mount with its namespace.
    const command = ['--mount', ...mountCommand([layer], root)];
    const { status, stderr, error } = spawnSync('unshare', command, { encoding: 'utf8' });
    const [firstLine = ''] = stderr?.split('\n') ?? [];
    return status === 0 ? null : (error?.message ?? firstLine);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Copies the changes of a machine, which must be off, to a new layer. */
export async function copyChanges(folder: string, to: string): Promise<void> {
  await runOrThrow('cp', '-a', upperOf(folder), to);
}

const foldersOf = (folder: string) => [folder, upperOf(folder), workOf(folder)];
const upperOf = (folder: string) => `${folder}-upper`;
const workOf = (folder: string) => `${folder}-work`;
