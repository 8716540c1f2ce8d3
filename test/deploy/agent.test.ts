import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
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

  const script = await readFile('userdata/install.sh', 'utf8');
  const [, cleanup = ''] = script.split('bash userdata/image.sh\n');
  expect(await machine.run(cleanup)).toEqual({ status: 0, output: '' });
  expect(await readdir(agentFiles)).toEqual(['i-1']);

  await machine.powerOff();
  expect(await readdir(agentFiles)).toEqual([]);
});

// Systems Manager accepts the role at the third start. The log's path and messages are those of amazon-ssm-agent.
const REFUSED_AGENT = `#!/bin/sh
exec >>/var/log/amazon/ssm/amazon-ssm-agent.log
echo start >>/var/lib/amazon/ssm/starts
if [ "$(wc -l </var/lib/amazon/ssm/starts)" -lt 3 ]; then
  echo '2026-11-29 06:00:00 INFO [CredentialRefresher] Sleeping for 27m48s before retrying retrieve credentials'
else
  echo '2026-11-29 06:00:00 INFO EC2RoleProvider Successfully connected with instance profile role credentials'
fi
exec sleep infinity
`;

test('the user data of the builder restarts an agent that sleeps, until Systems Manager accepts its role', async () => {
  const machine = await createMachine(onTestFinished);
  for (const folder of ['var/lib/amazon/ssm', 'var/log/amazon/ssm']) {
    await mkdir(join(machine.root, folder), { recursive: true });
  }
  await writeFile(join(machine.root, 'usr/bin/agent'), REFUSED_AGENT, { mode: 0o755 });
  const unit = join(machine.root, 'etc/systemd/system/amazon-ssm-agent.service');
  await writeFile(unit, '[Service]\nExecStart=/usr/bin/agent\nKillMode=process\n');
  await machine.boot();
  await machine.run('systemctl start amazon-ssm-agent.service');

  const userData = await readFile('userdata/builder.sh', 'utf8');
  const { status, output } = await machine.run(
    `shutdown() { true; }\nsleep() { command sleep 0.1; }\n${userData}`,
  );
  expect({ status, output: output.match(/Restarting/g) }).toEqual({
    status: 0,
    output: ['Restarting', 'Restarting'],
  });
  const starts = await readFile(join(machine.root, 'var/lib/amazon/ssm/starts'), 'utf8');
  expect(starts).toBe('start\n'.repeat(3));
});
