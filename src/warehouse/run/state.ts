import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';

const runState = z.object({
  runId: z.string(),
  startedAt: z.coerce.date(),
  /** When the instance ends by itself, should nobody end it before. */
  endsAt: z.coerce.date(),
  volumeId: z.string(),
  /** What was found out before anything was started. */
  place: z.object({
    zone: z.string(),
    subnetId: z.string(),
    /** What the image starts from. */
    root: z.object({ device: z.string(), sizeGib: z.number().nullable() }),
  }),
  /** The steps that were begun and are not undone, by name. */
  begun: z.array(z.string()),
  /** Whether an instance was asked for and AWS's answer never came: there may be one. */
  isLaunchUnanswered: z.boolean(),
  instanceId: z.string().nullable(),
  spotRequestId: z.string().nullable(),
  /** The instance's, as its console showed them, for a second connection; null until then. */
  hostKeys: z.array(z.string()).nullable(),
  /** What the work had to say, for the snapshot's tags; null until it is done. */
  results: z.record(z.string(), z.string()).nullable(),
  snapshotId: z.string().nullable(),
});

/** All that is known of a run, so that another process can finish it or undo it. */
export type RunState = z.infer<typeof runState>;

/** What was found out of where a run can take place. */
export type Placement = RunState['place'];

/**
 * Reads what the last run here wrote; null when it has ended, or there was none.
 * @throws OperatorError when the file makes no sense
 */
export async function readState(folder: string): Promise<RunState | null> {
  const path = pathIn(folder);
  try {
    return runState.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    const advice = 'remove it, and end what is left with: npm run warehouse -- cleanup';
    throw new OperatorError(`${path} cannot be read; ${advice}`, { cause: error });
  }
}

/**
 * Writes it: a reader, and whoever comes after a crash, sees the whole of it or the whole of the one before.
 * @throws OperatorError when it cannot
 */
export async function writeState(folder: string, state: RunState): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = pathIn(folder);
  const options = { mode: 0o600, flush: true };
  try {
    await writeFile(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`, options);
    await rename(`${path}.new`, path);
  } catch (error) {
    throw new OperatorError(`${path} cannot be written: ${errorMessage(error)}`, { cause: error });
  }
}

/** Forgets it: the run has ended. */
export async function removeState(folder: string): Promise<void> {
  await rm(pathIn(folder), { force: true });
}

function pathIn(folder: string): string {
  return join(folder, 'state.json');
}
