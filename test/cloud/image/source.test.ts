import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { renderInstallScript } from '../../../src/cloud/image/install-script.ts';
import { readSource } from '../../../src/cloud/image/source.ts';
import { useCleanup } from '../../support/cleanup.ts';

const run = promisify(execFile);
const SUM = 'a'.repeat(64);

const defer = useCleanup();
let checkout: string;

beforeAll(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'minitwit-source-'));
  defer(() => rm(checkout, { recursive: true }));
  await write('package.json', '{"name":"minitwit","version":"4.5.6"}');
  for (const path of ['package-lock.json', 'tsconfig.json', 'schema.sql']) await write(path, '{}');
  for (const folder of ['src', 'static', 'views', 'userdata']) await write(`${folder}/a`, 'a');
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
  await write('package.json', '{"version":"9.9.9"}');

  const source = await readSource(checkout);

  expect(source.version).toBe('4.5.6');
  expect(source.commit).toMatch(/^[0-9a-f]{40}$/);
  expect(source.uncommitted.toSorted()).toEqual(['package.json', 'src/a', 'src/secret']);
  await writeFile(join(checkout, 'source.tar.gz'), source.archive);
  const list = await run('tar', ['-tzf', join(checkout, 'source.tar.gz')]);
  expect(list.stdout).toContain('userdata/a');
  expect(list.stdout).not.toMatch(/secret|docs/);
  const content = await run('tar', ['-xzOf', join(checkout, 'source.tar.gz'), 'src/a']);
  expect(content.stdout).toBe('a');
});

test('fails outside a git checkout', async () => {
  await expect(readSource(join(checkout, '..'))).rejects.toThrow(
    /must be a git checkout of MiniTwit/,
  );
});

test('the script downloads and checks the source, and runs image.sh', async () => {
  const url = 'https://s3.amazonaws.com/b/source.tar.gz?X-Amz-Signature=a%2Fb&X-Amz-Date=1';
  const script = renderInstallScript({ url, sha256: SUM });
  await expect(run('bash', ['-n', '-c', script])).resolves.toMatchObject({ stderr: '' });
  expect(script.split('\n').slice(0, 10)).toEqual([
    '#!/bin/bash',
    'set -euo pipefail',
    'checkout=$(mktemp -d /var/tmp/minitwit-source.XXXXXX)',
    'cd "$checkout"',
    `curl -fsS --retry 5 --max-time 300 -o source.tar.gz '${url}'`,
    `echo '${SUM}  source.tar.gz' | sha256sum --check --quiet`,
    'tar -xzf source.tar.gz',
    'rm source.tar.gz',
    'bash userdata/image.sh',
    '',
  ]);
});

test.each([
  { url: "https://a/'b", sha256: SUM },
  { url: 'https://a/\nb', sha256: SUM },
  { url: 'https://a', sha256: '$(id)' },
])('refuses a URL or checksum that could leave its quotes: $url $sha256', (source) => {
  expect(() => renderInstallScript(source)).toThrow('cannot be quoted');
});
