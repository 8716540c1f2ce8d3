import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A file that passes for an EBS volume. */
export interface Volume {
  /** Path of the file. */
  file: string;
  /** Of its block device, /dev/loopN. */
  number: number;
  /** Makes it larger, its filesystem left as it is. */
  grow(sizeMb: number): Promise<void>;
  destroy(): Promise<void>;
}

/** What a volume holds at first: nothing, a filesystem of this label, or what is in this file. */
export interface Content {
  label?: string;
  file?: string;
  sizeMb?: number;
}

/** Makes a volume, which takes room as it is filled. */
export async function createVolume(content: Content = {}): Promise<Volume> {
  const { label, sizeMb = 1024 } = content;
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-volume-'));
  const file = join(folder, 'volume');
  if (content.file !== undefined) await run('cp', ['--sparse=always', content.file, file]);
  else await run('truncate', ['--size', `${sizeMb}M`, file]);
  if (label !== undefined) await run('mkfs.ext4', ['-q', '-L', label, file]);
  const { stdout } = await run('losetup', ['--find', '--show', file]);
  const device = stdout.trim();
  const grow = async (toMb: number) => {
    await run('truncate', ['--size', `${toMb}M`, file]);
    await run('losetup', ['--set-capacity', device]);
  };
  const destroy = async () => {
    await run('losetup', ['--detach', device]);
    await rm(folder, { recursive: true });
  };
  return { file, number: Number(device.replace('/dev/loop', '')), grow, destroy };
}
