import type { EC2Client } from '@aws-sdk/client-ec2';
import { createRunId } from '../../cli/run-id.ts';
import type { Course, Step } from '../../cli/steps.ts';
import { withElapsedTime } from '../../cli/times.ts';
import {
  createCommandPolling,
  type PollTiming,
  type CommandPolling,
} from '../../aws/command-polling.ts';
import type { DatabaseConfig } from '../../config/config.ts';
import type { startMysql, stopMysql } from '../instance/mysql.ts';
import type { mountVolume, unmountVolume } from '../instance/volume.ts';
import type { EndConfig, WarehouseConfig } from '../settings.ts';
import type { connectOverSsh, Remote } from '../ssh/ssh.ts';
import { tagsOf } from '../tags.ts';
import { type Place, type RunState, removeState, writeState } from './state.ts';

const HOUR_MS = 3_600_000;
// so that a run that stops at its limit has time to put things in order
const GRACE_MS = HOUR_MS / 2;

/** What is done on an instance. */
export interface Machine {
  connect: typeof connectOverSsh;
  mountVolume: typeof mountVolume;
  unmountVolume: typeof unmountVolume;
  startMysql: typeof startMysql;
  stopMysql: typeof stopMysql;
}

/** What a run is for: fills the warehouse, and says what its snapshot should carry as tags. */
export type Work = (
  warehouse: DatabaseConfig,
  run: { id: string; signal: AbortSignal },
) => Promise<Record<string, string>>;

/** Keeps what came of the work elsewhere as well. */
export type KeepElsewhere = (
  warehouse: DatabaseConfig,
  run: { id: string; results: Record<string, string>; signal: AbortSignal },
) => Promise<void>;

/** How patiently a run goes about it; tests have less time. */
export interface Pace extends PollTiming {
  /** For how long something is tried to be put in order that the instance's end puts in order anyway. */
  tidyMaxMs: number;
  /** For how long to look for an instance that AWS may have started without saying so. */
  visibilityTimeoutMs: number;
  spotEveryMs: number;
  /** For how long a step may go on that does not hear that it is to stop. */
  stopMaxMs: number;
}

/** What operators have time for. */
export const PACE: Pace = {
  firstPauseMs: 500,
  waitMaxMs: Infinity,
  tidyMaxMs: 15 * 60_000,
  visibilityTimeoutMs: 30_000,
  spotEveryMs: 5000,
  stopMaxMs: 30_000,
};

/** What every command works with. */
export interface Base {
  ec2: EC2Client;
  /** Where a run keeps what it must not forget. */
  folder: string;
  print: (line: string) => void;
  /** Aborted, with an OperatorError as its reason, when the command has to end. */
  signal: AbortSignal;
  pace: Pace;
}

/** What the end of a run works with besides, whoever has begun it. */
export interface EndParts extends Base {
  config: EndConfig;
  machine: Machine;
}

/** What a whole run works with. */
export interface Parts extends EndParts {
  config: WarehouseConfig;
  work: Work;
  /** Null where there is nowhere else. */
  upload: KeepElsewhere | null;
  /** Looks at what AWS does not know of, before anything is started: the source, the bucket. */
  checkOthers: () => Promise<void>;
}

/** What is known of a run, and how it goes about its steps. */
export interface Opened extends Course, CommandPolling {
  state: RunState;
  /** The connection to the instance, while there is one. */
  remote: Remote | null;
  /** The asking for a snapshot, while it is going on. */
  asking: Promise<void> | null;
  /** Whether the volume is still mounted, since it could not be unmounted. */
  isMounted: boolean;
  /** Remembers what is new, for this process and the next. */
  record: (news: Partial<RunState>) => Promise<void>;
  /** Remembers nothing any more: the run has ended. */
  forget: () => Promise<void>;
}

/** One run, from its start until nothing of it is left. */
export type Run = Parts & Opened;

/** One that is on its way out, and may be another process's. */
export type Ending = EndParts & Opened;

/** A step of a run, whose way out asks for no more than any end of a run has. */
export type RunStep = Step<Run, Ending>;

/** The state of a run that begins now. */
export function newState(config: WarehouseConfig, place: Place): RunState {
  const startedAt = new Date();
  return {
    runId: createRunId(startedAt),
    startedAt,
    endsAt: new Date(Number(startedAt) + config.maxHours * HOUR_MS + GRACE_MS),
    volumeId: config.volumeId,
    place,
    begun: [],
    isLaunchUnanswered: false,
    instanceId: null,
    spotRequestId: null,
    hostKeys: null,
    results: null,
    snapshotId: null,
  };
}

/** A run as its state describes it, be it new or another process's. */
export function openRun<Given extends Base>(parts: Given, state: RunState): Given & Opened {
  const tell = withElapsedTime(parts.print);
  const record = (news: Partial<RunState>) => {
    Object.assign(state, news);
    return writeState(parts.folder, state);
  };
  const journal = {
    begun: () => state.begun,
    begin: (step: string) => record({ begun: [...state.begun.filter((it) => it !== step), step] }),
    end: (step: string) => record({ begun: state.begun.filter((it) => it !== step) }),
  };
  return {
    ...parts,
    state,
    remote: null,
    asking: null,
    isMounted: false,
    journal,
    tell,
    record,
    forget: () => removeState(parts.folder),
    ...createCommandPolling(parts, tell),
  };
}

/** The tags of what a run makes. */
export function tagsOfRun({ volumeId, runId }: RunState): Record<string, string> {
  return tagsOf(volumeId, runId);
}
