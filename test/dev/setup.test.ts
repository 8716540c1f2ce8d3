import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startCommand } from '../support/programs.ts';

test.each([
  ['v20.20.2', 1, /^This needs Node 24, .*npm rebuild node --ignore-scripts=false.*\n$/],
  ['v24.0.0', 0, /^$/],
])(
  'with installed packages and Node %s, the setup ends with status %i',
  async (version, status, stderr) => {
    const home = await mkdtemp(join(tmpdir(), 'minitwit setup '));
    onTestFinished(() => rm(home, { recursive: true }));
    await writeFile(join(home, 'package-lock.json'), '{}');
    await mkdir(join(home, 'node_modules'));
    await writeFile(join(home, 'node_modules/.package-lock.json'), '{}');
    await writeFile(join(home, 'node'), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
    const PATH = `${home}:/usr/bin:/bin`;
    const setup = startCommand(['sh', resolve('src/dev/setup.sh')], { PATH }, { cwd: home });
    expect(await setup.ended).toBe(status);
    expect(setup.output.stderr).toMatch(stderr);
  },
);
