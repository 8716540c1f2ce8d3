import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { renderInstallScript } from '../../src/cloud/image/install-script.ts';
import { createMachine } from './machine.ts';

// This agent stops slowly and writes a file then. The agent of Systems Manager may do the same.
const AGENT = `[Service]
ExecStart=/bin/sleep infinity
ExecStop=/bin/sh -c 'sleep 0.5; echo stopping >/var/lib/amazon/ssm/last-file'
`;

test('deletes the files of the SSM agent after it has stopped, so that the image does not contain the script', async () => {
  const machine = await createMachine(onTestFinished);
  const agentFiles = join(machine.root, 'var/lib/amazon/ssm');
  await mkdir(join(agentFiles, 'i-1/orchestration'), { recursive: true });
  await writeFile(join(agentFiles, 'i-1/orchestration/_script.sh'), 'curl https://…');
  const unit = join(machine.root, 'etc/systemd/system/amazon-ssm-agent.service');
  await writeFile(unit, AGENT);
  await machine.boot();
  await machine.run('systemctl start amazon-ssm-agent.service');

  const script = renderInstallScript({ url: 'https://a', sha256: 'a'.repeat(64) });
  const [, cleanup = ''] = script.split('bash userdata/image.sh\n');
  expect(await machine.run(cleanup)).toEqual({ status: 0, output: '' });
  expect(await readdir(agentFiles)).toEqual(['i-1']);

  await machine.powerOff();
  expect(await readdir(agentFiles)).toEqual([]);
});
