import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startMysql, stopMysql } from '../../../src/warehouse/instance/mysql.ts';
import { mountVolume, unmountVolume } from '../../../src/warehouse/instance/volume.ts';
import type { InstanceOperations } from '../../../src/warehouse/context.ts';
import { connectOverSsh, type SshConnection } from '../../../src/warehouse/ssh/connect-over-ssh.ts';
import type { Cloud } from '../cycle/cloud.ts';

/** A command that cuts all ssh sessions on its instance. */
const CUT = 'sudo -n pkill -KILL -f "^sshd: ec2-user"';

/** The operations of instances without a fault. */
export const WHOLE: InstanceOperations = {
  connect: connectOverSsh,
  mountVolume,
  unmountVolume,
  startMysql,
  stopMysql,
};

/** Returns operations whose first connections are cut as soon as they are open. */
export function cutAtLogin({ instances }: Cloud, times: number): InstanceOperations {
  let left = times;
  const connect: InstanceOperations['connect'] = async (login, options) => {
    // sshd runs this before any other command.
    const script = `sudo -n rm /etc/ssh/sshrc\n${CUT}\n`;
    for (const { root } of left > 0 ? instances.values() : [])
      await writeFile(join(root, 'etc/ssh/sshrc'), script);
    left -= 1;
    return connectOverSsh(login, options);
  };
  return { ...WHOLE, connect };
}

/** Returns operations that cut the connection when a command starts. The command continues on the instance. */
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

/** Cuts the connections of an instance now. */
export async function cutNow({ instances }: Cloud): Promise<void> {
  for (const instance of instances.values()) await instance.run(CUT.replace('sudo -n ', ''));
}
