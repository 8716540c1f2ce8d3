import { createRunId } from '../../cli/run-id.ts';
import type { PlannedStep, StepContext } from '../../cli/steps.ts';
import type { FinishContext, RunContext, WarehouseContext } from '../context.ts';
import type { WarehouseConfig } from '../settings.ts';
import type { SshConnection } from '../ssh/connect-over-ssh.ts';
import { resourceTags } from '../tags.ts';
import { type Placement, type RunState, removeState, writeState } from './state.ts';

const HOUR_MS = 3_600_000;
// A run that stops at its time limit needs time to clean up.
const GRACE_MS = HOUR_MS / 2;

/** The state of a run, and its journal. */
interface RunProgress extends Pick<StepContext, 'journal'> {
  state: RunState;
  /** The ssh connection to the instance; null without one. */
  remote: SshConnection | null;
  /** The pending request for a snapshot. */
  snapshotRequest: Promise<void> | null;
  /** Whether the volume is still mounted, since it could not be unmounted. */
  isMounted: boolean;
  /** Changes the state, and writes it to the state file. */
  record: (changes: Partial<RunState>) => Promise<void>;
  /** Deletes the state file, once the run has ended. */
  forget: () => Promise<void>;
}

/** A run that has begun, with the context of a command. */
export type ActiveRun<Context extends WarehouseContext = RunContext> = Context & RunProgress;

/** A run that is being ended, perhaps by another process than the one that started it. */
export type EndingRun = ActiveRun<FinishContext>;

/** A step of a run. Its `undo` needs no more than `finish` has. */
export type RunStep = PlannedStep<ActiveRun, EndingRun>;

/** Creates the state of a new run. */
export function newState(config: WarehouseConfig, place: Placement): RunState {
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

/** Opens a run: a new one, or that of another process. */
export function openRun<Context extends WarehouseContext>(
  context: Context,
  state: RunState,
): ActiveRun<Context> {
  const record = (changes: Partial<RunState>) => {
    Object.assign(state, changes);
    return writeState(context.folder, state);
  };
  const journal = {
    listBegun: () => state.begun,
    begin: (step: string) => record({ begun: [...state.begun.filter((it) => it !== step), step] }),
    end: (step: string) => record({ begun: state.begun.filter((it) => it !== step) }),
  };
  return {
    ...context,
    state,
    remote: null,
    snapshotRequest: null,
    isMounted: false,
    journal,
    record,
    forget: () => removeState(context.folder),
  };
}

/** Returns the tags of what a run creates. */
export function runTags({ volumeId, runId }: RunState): Record<string, string> {
  return resourceTags(volumeId, runId);
}
