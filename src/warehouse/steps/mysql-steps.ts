import { pollOptions } from '../../aws/poll-options.ts';
import type { DatabaseConfig } from '../../config/config.ts';
import { sql, systemctl } from '../instance/instance-commands.ts';
import { planMount, planUnmount } from '../instance/volume.ts';
import type { ActiveRun, RunStep } from '../run/active-run.ts';
import { requireConnection } from './connect-step.ts';
import { bestEffort } from './best-effort.ts';

const MOUNTED_MAX_MS = 5 * 60_000;
const MYSQL_MAX_MS = 10 * 60_000;
const CHECK_TIMEOUT_MS = 10_000;
const DATABASE = 'minitwit';

/** Mounts the volume on the instance. Undo unmounts it. */
export const mount: RunStep = {
  name: 'mount',
  runMessage: 'Mounting the volume',
  run: (run) =>
    run.operations.mountVolume(
      requireConnection(run),
      run.config.mountDir,
      pollOptions(run, MOUNTED_MAX_MS),
    ),
  undoMessage: 'Unmounting the volume',
  undo: async (run) => {
    const problem = 'The volume could not be unmounted. The end of the instance unmounts it';
    const unmount = () => run.operations.unmountVolume(requireConnection(run), run.config.mountDir);
    run.isMounted = !(await bestEffort(run, problem, unmount));
  },
  plan: ({ config: { mountDir } }) => ({
    run: formatCommands(planMount(mountDir)),
    undo: formatCommands(planUnmount(mountDir)),
  }),
};

/** Starts MySQL on the mounted volume. Undo stops it. */
export const startMysql: RunStep = {
  name: 'start-mysql',
  runMessage: 'Starting MySQL',
  run: (run) =>
    run.operations.startMysql(
      requireConnection(run),
      warehouseAccount(run),
      pollOptions(run, MYSQL_MAX_MS),
    ),
  undoMessage: 'Stopping MySQL',
  undo: async (run) => {
    const problem =
      'MySQL could not be stopped cleanly. It recovers from its log at its next start';
    await bestEffort(run, problem, () => run.operations.stopMysql(requireConnection(run)));
  },
  plan: () => ({
    run: formatCommands([systemctl('start'), sql()]),
    undo: formatCommands([systemctl('stop')]),
  }),
};

function formatCommands(commands: string[][]): string[] {
  return commands.map((command) => command.join(' '));
}

/** Returns the user of the warehouse's MySQL, and the database. */
export function warehouseAccount({ config }: ActiveRun): {
  user: string;
  password: string;
  name: string;
} {
  return { user: config.databaseUser, password: config.databasePassword, name: DATABASE };
}

/**
 * Calls `use` with the warehouse's MySQL, over the tunnel to the instance.
 * @throws OperatorError when the connection to the instance is lost; the error of `use`
 */
export async function withMysql<T>(
  run: ActiveRun,
  use: (database: DatabaseConfig, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const remote = requireConnection(run);
  const at = { host: '127.0.0.1', port: remote.mysqlPort };
  const signal = AbortSignal.any([run.signal, remote.lost]);
  try {
    return await use({ ...warehouseAccount(run), ...at, sslCa: null, poolSize: 1 }, signal);
  } catch (error) {
    signal.throwIfAborted();
    // When the connection is lost, the MySQL client may be the first to fail. Then this command fails with the cause.
    await remote.run(['true'], { timeoutMs: CHECK_TIMEOUT_MS });
    throw error;
  }
}
