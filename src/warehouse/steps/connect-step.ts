import { resolve } from 'node:path';
import { readConsoleOutput, findInstance } from '../../aws/ec2/instances.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { MYSQL_SOCKET, powerOff } from '../instance/instance-commands.ts';
import type { EndingRun, RunStep } from '../run/active-run.ts';
import { connectCommand, type Login } from '../ssh/ssh-commands.ts';
import { UnreachableError } from '../ssh/ssh-errors.ts';
import { parseHostKeys } from '../ssh/host-keys.ts';
import type { SshConnection } from '../ssh/connect-over-ssh.ts';
import { bestEffort } from './best-effort.ts';

// EC2 shows the console's output minutes after the instance has written it.
const HOST_KEYS_MAX_MS = 10 * 60_000;
const SSH_MAX_MS = 5 * 60_000;
const POWER_OFF_MAX_MS = 30_000;

/**
 * Connects to the instance over ssh. Unless WAREHOUSE_HOST_KEY is `first-seen`, it accepts only a host key that the
 * instance has printed on its console. Undo shuts the instance down if there is a connection.
 */
export const connect: RunStep = {
  name: 'connect',
  runMessage: 'Connecting to the instance',
  run: async (run) => {
    run.remote = await connectTo(run, SSH_MAX_MS);
  },
  undoMessage: 'Shutting the instance down',
  undo: async (run) => {
    const { remote } = run;
    run.remote = null;
    if (!remote) return;
    // AWS terminates the instance when it shuts down. This also works with expired credentials.
    await bestEffort(
      run,
      'The instance could not be shut down. It will be terminated',
      async () => {
        await remote.run(powerOff(), { timeoutMs: POWER_OFF_MAX_MS });
      },
    );
    await bestEffort(run, 'The connection could not be closed', () => remote.close());
  },
  plan: ({ config, state }) => {
    const { sshUser: user, hostKey } = config;
    const instanceId = state.instanceId ?? '';
    const login = { user, address: 'ADDRESS', keyFile: resolve(config.keyFile), instanceId };
    const tunnel = { port: 3306, socket: MYSQL_SOCKET };
    const ssh = connectCommand(login, tunnel, hostKey === 'console' ? 'pinned' : 'first-seen');
    return { run: [`${ssh.join(' ')}  (host key: ${hostKey})`], undo: [powerOff().join(' ')] };
  },
};

/** Connects to the run's instance, and polls until it accepts the connection. */
export async function connectTo(run: EndingRun, maxMs: number): Promise<SshConnection> {
  const login = await findLogin(run);
  const hostKeys = run.config.hostKey === 'console' ? await findHostKeys(run, login) : null;
  const options = { hostKeys, folder: run.folder, mysqlSocket: MYSQL_SOCKET, signal: run.signal };
  const request = async () => {
    try {
      return { done: await run.operations.connect(login, options) };
    } catch (error) {
      if (error instanceof UnreachableError) return { pending: error.message };
      throw error;
    }
  };
  return poll(`ssh to ${login.instanceId}`, request, pollOptions(run, maxMs));
}

/**
 * Finds the login to the run's instance.
 * @throws OperatorError when the instance has no address or has ended
 */
export async function findLogin({ config, ec2, state }: EndingRun): Promise<Login> {
  const instance = state.instanceId && (await findInstance(ec2, state.instanceId));
  if (!instance || !instance.address) {
    throw new OperatorError(`The instance ${state.instanceId ?? ''} has no address or has ended.`);
  }
  const keyFile = resolve(config.keyFile);
  return { user: config.sshUser, address: instance.address, keyFile, instanceId: instance.id };
}

async function findHostKeys(run: EndingRun, { instanceId }: Login): Promise<string[]> {
  if (run.state.hostKeys) return run.state.hostKeys;
  const request = async () => {
    const keys = parseHostKeys(await readConsoleOutput(run.ec2, instanceId));
    return keys.length > 0 ? { done: keys } : { pending: 'not printed yet' };
  };
  const subject = 'The ssh host key on the console';
  const hostKeys = await poll(subject, request, pollOptions(run, HOST_KEYS_MAX_MS));
  await run.record({ hostKeys });
  return hostKeys;
}

/**
 * Returns the connection to the instance.
 * @throws OperatorError when there is none
 */
export function requireConnection({ remote }: Pick<EndingRun, 'remote'>): SshConnection {
  if (!remote) throw new OperatorError('There is no connection to the instance.');
  return remote;
}
