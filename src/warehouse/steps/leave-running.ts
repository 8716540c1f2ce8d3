import { resolve } from 'node:path';
import { addTags } from '../../aws/ec2/tags.ts';
import { formatTime } from '../../cli/times.ts';
import { MYSQL_SOCKET } from '../instance/instance-commands.ts';
import type { ActiveRun } from '../run/active-run.ts';
import { KNOWN_HOSTS, tunnelCommand } from '../ssh/ssh-commands.ts';
import { RUNNING_UNTIL_TAG } from '../tags.ts';
import { findLogin, requireConnection } from './connect-step.ts';
import { warehouseAccount } from './mysql-steps.ts';

const PORT = 3307;

/** Leaves the instance running for queries, and prints how to connect to it and when it ends. */
export async function leaveRunning(run: ActiveRun): Promise<void> {
  const { config, folder, state, log } = run;
  const login = await findLogin(run);
  const { instanceId } = login;
  await addTags(run.ec2, [instanceId], { [RUNNING_UNTIL_TAG]: formatTime(state.endsAt) });
  // After this, the connection is gone, and with it the clean way to end the run.
  run.signal.throwIfAborted();
  await requireConnection(run).close();
  const ends = { port: PORT, socket: MYSQL_SOCKET };
  const tunnel = tunnelCommand(login, ends, resolve(folder, KNOWN_HOSTS));
  const { name } = warehouseAccount(run);
  log(`The warehouse runs on ${instanceId}, a ${config.instanceType} (${config.market}).`);
  log(`To query it, open a tunnel:  ${tunnel}`);
  log(
    `Then, in another terminal:  mysql -h 127.0.0.1 -P ${PORT} -u ${config.databaseUser} -p ${name}`,
  );
  log(
    'The instance costs money while it runs. To take the snapshot and end it: npm run warehouse -- finish',
  );
  if (config.market === 'spot') {
    log('AWS may take a spot instance back at any time, with a notice of two minutes.');
  }
  log(`The instance shuts itself down, without a snapshot, at about ${formatTime(state.endsAt)}.`);
}
