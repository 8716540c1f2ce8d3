import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Point } from './parts.ts';
import type { World } from './world.ts';

// Where programs that tests start find what an earlier one compiled.
const COMPILE_CACHE = resolve('node_modules/.cache/compile');
const PROGRAM = fileURLToPath(new URL('program.ts', import.meta.url));

/** A run in a process of its own. */
export interface Child {
  process: ChildProcess;
  /** Its exit status; null when a signal ended it. */
  ended: Promise<number | null>;
}

/** Starts a run in a world's account; it waits at each point until `at` has been called. */
export function startChild(
  { aws, parts, volumeId }: World,
  at: (point: Point, child: ChildProcess) => void = () => undefined,
): Child {
  const child = fork(PROGRAM, [parts.folder, volumeId], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...aws.environment, NODE_COMPILE_CACHE: COMPILE_CACHE },
    execArgv: [],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.on('message', ({ point }: { point: Point }) => {
    at(point, child);
    // A killed process receives nothing.
    if (child.connected) child.send('go on', () => undefined);
  });
  const ended = once(child, 'close').then(([status]) => status as number | null);
  return { process: child, ended };
}
