import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { runCommand } from '../support/run-command.ts';
import { findTool } from '../support/tools.ts';

const run = promisify(execFile);

// The first lines of the repository's scripts.
const SHELLS = '^#!(/usr/bin/env |/bin/)(ba)?sh$';
// All shells that run the scripts support `-nt`: dash, bash, BusyBox and the sh of macOS. shellcheck may read
// /etc/os-release.
const OPTIONS = ['--exclude=SC3013', '--external-sources', '--source-path=SCRIPTDIR'];

test('no script of the repository has a shellcheck warning', async () => {
  const { stdout } = await run('git', ['grep', '--untracked', '-lE', SHELLS]);
  const scripts = stdout.trim().split('\n');
  expect(scripts).toEqual(
    expect.arrayContaining([
      '.ci/run',
      '.githooks/pre-commit',
      'userdata/initdb.sh',
      'src/dev/setup.sh',
      'test/deploy/stand-ins/npm-24',
      'test/support/check-static.sh',
      'userdata/image.sh',
    ]),
  );
  const found = await runCommand(findTool('shellcheck'), ...OPTIONS, ...scripts);
  expect(found).toEqual({ status: 0, output: '' });
});

test('the user data is smaller than the limit of EC2', async () => {
  const { size } = await stat('userdata/minitwit.sh');
  expect(size).toBeLessThan(16 * 1024);
});
