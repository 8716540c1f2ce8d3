import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runOrThrow } from '../../support/run-command.ts';
import type { Defer } from '../../support/cleanup.ts';
import { createFastFolder } from '../../support/fast-folder.ts';
import { installTool } from '../../support/system-packages.ts';
import { deferScript } from '../../support/cleanup-script.ts';

const run = promisify(execFile);

/** A file in place of an EBS volume. */
export interface Volume {
  /** Path of the file. */
  file: string;
  /** The path of its block device, /dev/loopN. */
  number: number;
  /** Increases the size of the volume, but not of its filesystem. */
  grow(sizeMb: number): Promise<void>;
}

/** The initial content of a volume: none, a filesystem with a label, or the content of a file. */
export interface Content {
  label?: string;
  file?: string;
  sizeMb?: number;
}

/** Creates a volume as a sparse file. It is deleted at the end. */
export async function createVolume(defer: Defer, content: Content = {}): Promise<Volume> {
  const { label, sizeMb = 1024 } = content;
  const folder = await createFastFolder('minitwit-volume-', 2 * 1024 ** 3);
  const file = join(folder, 'volume');
  const undo = `
    devices=$(losetup --noheadings --output NAME --associated "$1/volume") || exit
    for each in $devices; do losetup --detach "$each" || exit; done
    rm -rf "$1"`;
  deferScript(defer, undo, folder);
  if (content.file !== undefined) await runOrThrow('cp', '--sparse=always', content.file, file);
  else await runOrThrow('truncate', '--size', `${sizeMb}M`, file);
  if (label !== undefined)
    await runOrThrow(installTool('mkfs.ext4', 'e2fsprogs'), '-q', '-L', label, file);
  const { stdout } = await run('losetup', ['--find', '--show', file]);
  const device = stdout.trim();
  const grow = async (toMb: number) => {
    await runOrThrow('truncate', '--size', `${toMb}M`, file);
    await runOrThrow('losetup', '--set-capacity', device);
  };
  return { file, number: Number(device.replace('/dev/loop', '')), grow };
}
