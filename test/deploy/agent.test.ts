import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { renderInstallScript } from '../../src/cloud/image/install-script.ts';
import { createMachine } from './machine.ts';

// Takes its time as it stops, and says a last word, as Systems Manager's may.
const AGENT = `[Service]
ExecStart=/bin/sleep infinity
ExecStop=/bin/sh -c 'sleep 0.5; echo stopping >/var/lib/amazon/ssm/last-word'
`;

test('what the agent keeps of the script that makes an image is there until it stops, and not in the image', async () => {
  const machine = await createMachine(onTestFinished);
  const kept = join(machine.root, 'var/lib/amazon/ssm');
  await mkdir(join(kept, 'i-1/orchestration'), { recursive: true });
  await writeFile(join(kept, 'i-1/orchestration/_script.sh'), 'curl https://…');
  const unit = join(machine.root, 'etc/systemd/system/amazon-ssm-agent.service');
  await writeFile(unit, AGENT);
  await machine.boot();
  await machine.run('systemctl start amazon-ssm-agent.service');

  const script = renderInstallScript({ url: 'https://a', sha256: 'a'.repeat(64) });
  const [, last = ''] = script.split('bash userdata/image.sh\n');
  expect(await machine.run(last)).toEqual({ status: 0, output: '' });
  expect(await readdir(kept)).toEqual(['i-1']);

  await machine.powerOff();
  expect(await readdir(kept)).toEqual([]);
});
