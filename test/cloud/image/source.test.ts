import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { readSource } from '../../../src/cloud/image/source.ts';
import { useCleanup } from '../../support/cleanup.ts';

const run = promisify(execFile);

const defer = useCleanup();
let checkout: string;

beforeAll(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'minitwit-source-'));
  defer(() => rm(checkout, { recursive: true }));
  await write('package.json', '{"name":"minitwit","version":"4.5.6"}');
  for (const path of ['package-lock.json', 'tsconfig.json', 'schema.sql']) await write(path, '{}');
  for (const folder of ['src', 'static', 'views', 'userdata']) await write(`${folder}/a`, 'a');
  for (const number of ['009', '010']) await write(`migrations/${number}.do.a.sql`, 'a');
  await write('docs/a', 'not needed');
  const git = (...args: string[]) => run('git', ['-C', checkout, ...args]);
  await git('init', '-q');
  await git('add', '.');
  await git('-c', 'user.name=a', '-c', 'user.email=a@b.c', 'commit', '-qm', 'Begin');
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(checkout, path, '..'), { recursive: true });
  await writeFile(join(checkout, path), text);
}

test('an image has the committed files that it needs, and uncommitted files are listed', async () => {
  await write('src/a', 'changed');
  await write('src/secret', 'uncommitted');
  await write('docs/a', 'changed');
  await write('migrations/011.do.a.sql', 'uncommitted');
  await write('package.json', '{"version":"9.9.9"}');

  const source = await readSource(checkout);

  expect(source.version).toBe('4.5.6');
  expect(source.commit).toMatch(/^[0-9a-f]{40}$/);
  expect(source.schemaVersion).toBe(10);
  expect(source.uncommitted.toSorted()).toEqual([
    'migrations/011.do.a.sql',
    'package.json',
    'src/a',
    'src/secret',
  ]);
  await writeFile(join(checkout, 'source.tar.gz'), source.archive);
  const list = await run('tar', ['-tzf', join(checkout, 'source.tar.gz')]);
  expect(list.stdout).toContain('userdata/a');
  expect(list.stdout).not.toMatch(/secret|docs/);
  const content = await run('tar', ['-xzOf', join(checkout, 'source.tar.gz'), 'src/a']);
  expect(content.stdout).toBe('a');
});

test('the source of an image must be a git checkout', async () => {
  await expect(readSource(join(checkout, '..'))).rejects.toThrow(
    /must be a git checkout of MiniTwit/,
  );
});
