import type { EC2Client } from '@aws-sdk/client-ec2';
import { type CommandContext, DEFAULT_TIMING, type Timing } from '../cli/command-context.ts';
import type { DatabaseConfig } from '../config/config.ts';
import type { CopyOptions } from './copy/copy-database.ts';
import type { startMysql, stopMysql } from './instance/mysql.ts';
import type { mountVolume, unmountVolume } from './instance/volume.ts';
import type { EndConfig, WarehouseConfig } from './settings.ts';
import type { connectOverSsh } from './ssh/connect-over-ssh.ts';

/** How long a run waits. Tests wait less. */
export interface WarehouseTiming extends Timing {
  /** How long an operation may take that the end of the instance makes unnecessary. */
  bestEffortTimeoutMs: number;
  /** The pause between two polls for the interruption notice of a spot instance. */
  spotPollIntervalMs: number;
}

/** The timing of commands that an operator runs. */
export const TIMING: WarehouseTiming = {
  ...DEFAULT_TIMING,
  bestEffortTimeoutMs: 15 * 60_000,
  spotPollIntervalMs: 5000,
};

/** The context of every command on AWS. */
export interface WarehouseContext extends CommandContext {
  ec2: EC2Client;
  /** The folder of the lock, the state file, the ssh host keys and the reports. */
  folder: string;
  timing: WarehouseTiming;
}

/** Operations on an instance. */
export interface InstanceOperations {
  connect: typeof connectOverSsh;
  mountVolume: typeof mountVolume;
  unmountVolume: typeof unmountVolume;
  startMysql: typeof startMysql;
  stopMysql: typeof stopMysql;
}

/** The context for the end of a run, which another process may have started. */
export interface FinishContext extends WarehouseContext {
  config: EndConfig;
  operations: InstanceOperations;
}

/** The databases and options of a run's copy. */
export interface CopyOrder extends Pick<
  CopyOptions,
  'withCredentials' | 'maxRowsPerSecond' | 'proveAll'
> {
  source: DatabaseConfig;
}

/** Fills the warehouse. Returns the tags of its snapshot. */
export type CopyJob = (
  warehouse: DatabaseConfig,
  run: { id: string; signal: AbortSignal },
) => Promise<Record<string, string>>;

/** Uploads the results of a copy job. */
export type Uploader = (
  warehouse: DatabaseConfig,
  run: { id: string; results: Record<string, string>; signal: AbortSignal },
) => Promise<void>;

/** The context of a run. */
export interface RunContext extends FinishContext {
  config: WarehouseConfig;
  order: CopyOrder;
  copy: CopyJob;
  /** Null without a bucket. */
  upload: Uploader | null;
  /** Checks the source database and the bucket before anything is started. */
  checkSourceAndBucket: () => Promise<void>;
}
