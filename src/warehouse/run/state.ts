import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';

const runState = z.object({
  runId: z.string(),
  startedAt: z.coerce.date(),
  /** When the instance shuts itself down. */
  endsAt: z.coerce.date(),
  volumeId: z.string(),
  /** The results of the preflight check. */
  place: z.object({
    zone: z.string(),
    subnetId: z.string(),
    /** Whether instances of this type spend CPU credits. Version 1.6 did not store it. */
    isBurstable: z.boolean().default(false),
    /** The image's root volume. */
    root: z.object({ device: z.string(), sizeGib: z.number().nullable() }),
  }),
  /** The names of the steps that were started and are not undone. */
  begun: z.array(z.string()),
  /** Whether the response to a launch request is missing, so that an instance may exist. */
  isLaunchUnanswered: z.boolean(),
  instanceId: z.string().nullable(),
  spotRequestId: z.string().nullable(),
  /** The instance's ssh host keys, for a second connection. Null until its console has shown them. */
  hostKeys: z.array(z.string()).nullable(),
  /** The tags that describe the copy, for the snapshot. Null until the copy is complete. */
  results: z.record(z.string(), z.string()).nullable(),
  snapshotId: z.string().nullable(),
});

/** The state of a run, from which another process can finish it or undo it. */
export type RunState = z.infer<typeof runState>;

/** The zone, subnet, CPU credits and root volume of a run's instance. */
export type Placement = RunState['place'];

/**
 * Reads the state file. Returns null when there is none, which means that no run is active.
 * @throws OperatorError when the file is invalid or cannot be read
 */
export async function readState(folder: string): Promise<RunState | null> {
  const path = pathIn(folder);
  try {
    return runState.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new OperatorError(
      `The state file ${path} cannot be read. Remove it, then run: npm run warehouse -- cleanup`,
      { cause: error },
    );
  }
}

/**
 * Writes the state file atomically: after a crash, it holds the new state or the previous one.
 * @throws OperatorError when the file cannot be written
 */
export async function writeState(folder: string, state: RunState): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = pathIn(folder);
  const options = { mode: 0o600, flush: true };
  try {
    await writeFile(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`, options);
    await rename(`${path}.new`, path);
  } catch (error) {
    throw new OperatorError(`The state file ${path} cannot be written: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

/** Removes the state file. */
export async function removeState(folder: string): Promise<void> {
  await rm(pathIn(folder), { force: true });
}

function pathIn(folder: string): string {
  return join(folder, 'state.json');
}
