import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startMysql, stopMysql } from '../../../src/warehouse/instance/mysql.ts';
import { mountVolume, unmountVolume } from '../../../src/warehouse/instance/volume.ts';
import type { InstanceOperations } from '../../../src/warehouse/context.ts';
import { connectOverSsh, type SshConnection } from '../../../src/warehouse/ssh/connect-over-ssh.ts';
import type { Cloud } from '../cycle/cloud.ts';

/** Cuts the connections of whoever is logged in to the instance that it is run on. */
const CUT = 'sudo -n pkill -KILL -f "^sshd: ec2-user"';

/** Instances that cut nothing. */
export const WHOLE: InstanceOperations = {
  connect: connectOverSsh,
  mountVolume,
  unmountVolume,
  startMysql,
  stopMysql,
};

/** Instances that cut the connection so many times, as soon as it stands. */
export function cutAtLogin({ instances }: Cloud, times: number): InstanceOperations {
  let left = times;
  const connect: InstanceOperations['connect'] = async (login, options) => {
    // what sshd runs first of all
    const script = `sudo -n rm /etc/ssh/sshrc\n${CUT}\n`;
    for (const { root } of left > 0 ? instances.values() : [])
      await writeFile(join(root, 'etc/ssh/sshrc'), script);
    left -= 1;
    return connectOverSsh(login, options);
  };
  return { ...WHOLE, connect };
}

/** Instances that cut the connection as they begin with such a command, with which they go on. */
export function cutAtCommand(command: RegExp): InstanceOperations {
  const connect: InstanceOperations['connect'] = async (login, options) => {
    const remote = await connectOverSsh(login, options);
    const run: SshConnection['run'] = (program, how) => {
      const isIt = command.test(program.join(' '));
      return remote.run(isIt ? ['sh', '-c', `${CUT}; exec "$@"`, 'sh', ...program] : program, how);
    };
    return { ...remote, run };
  };
  return { ...WHOLE, connect };
}

/** Cuts the connection now. */
export async function cutNow({ instances }: Cloud): Promise<void> {
  for (const instance of instances.values()) await instance.run(CUT.replace('sudo -n ', ''));
}
