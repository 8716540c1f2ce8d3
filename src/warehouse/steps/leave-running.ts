import { resolve } from 'node:path';
import { addTags } from '../../aws/ec2/tags.ts';
import { formatTime } from '../../cli/times.ts';
import { MYSQL_SOCKET } from '../instance/instance-commands.ts';
import type { ActiveRun } from '../run/active-run.ts';
import { KNOWN_HOSTS, tunnelCommand } from '../ssh/ssh-commands.ts';
import { KEPT_UNTIL_TAG } from '../tags.ts';
import { findLogin, requireConnection } from './connect-step.ts';
import { warehouseAccount } from './mysql-steps.ts';

const PORT = 3307;

/** Leaves the instance to people who want to query, and says how they do that, and until when. */
export async function leaveRunning(run: ActiveRun): Promise<void> {
  const { config, folder, state, log } = run;
  const login = await findLogin(run);
  const { instanceId } = login;
  await addTags(run.ec2, [instanceId], { [KEPT_UNTIL_TAG]: formatTime(state.endsAt) });
  // later, there would be no connection by which to end it in order
  run.signal.throwIfAborted();
  await requireConnection(run).close();
  const way = { port: PORT, socket: MYSQL_SOCKET };
  const tunnel = tunnelCommand(login, way, resolve(folder, KNOWN_HOSTS));
  const { name } = warehouseAccount(run);
  log(`The warehouse is up, on ${instanceId}, a ${config.instanceType} (${config.market}).`);
  log(`To query it, open a tunnel:  ${tunnel}`);
  log(`and beside it:  mysql -h 127.0.0.1 -P ${PORT} -u ${config.databaseUser} -p ${name}`);
  log('It costs as long as it is up. To take the snapshot and end it: npm run warehouse -- finish');
  if (config.market === 'spot')
    log('AWS may take a spot instance back at any time, two minutes after it says so.');
  log(`By itself it ends, without a snapshot, at about ${formatTime(state.endsAt)}.`);
}
