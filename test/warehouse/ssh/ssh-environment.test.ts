import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sshEnvironment } from '../../../src/warehouse/ssh/ssh-environment.ts';
import { connectOverSsh } from '../../../src/warehouse/ssh/connect-over-ssh.ts';

const settings = {
  DB_PASSWORD: 'secret',
  WAREHOUSE_DB_PASSWORD: 'secret',
  SESSION_SECRET: 'secret',
};
const others = { PATH: '/bin', HOME: '/home/alice', SSH_AUTH_SOCK: '/run/agent', AWS_PROFILE: 'x' };

test('the environment of ssh lacks the settings of MiniTwit', () => {
  expect(sshEnvironment({ ...settings, ...others })).toEqual(others);
});

test('ssh runs in the given environment, for the connection and for each program', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'warehouse-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'ssh'), '#!/bin/sh\nenv >>environment\necho connected\nexec cat\n');
  await chmod(join(folder, 'ssh'), 0o700);
  const login = { user: 'x', address: 'x', keyFile: 'x', instanceId: 'i-1' };
  const remote = await connectOverSsh(login, {
    hostKeys: null,
    folder,
    mysqlSocket: '/run/mysql.sock',
    signal: new AbortController().signal,
    environment: { PATH: `${folder}:/usr/bin:/bin`, OURS: 'given' },
  });
  await remote.run(['true']);
  await remote.close();
  const environment = await readFile(join(folder, 'environment'), 'utf8');
  expect(environment.match(/^OURS=given$/gm)).toHaveLength(2);
  expect(environment).not.toMatch(/^HOME=/m);
});
