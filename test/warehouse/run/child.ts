import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Point } from './parts.ts';
import type { World } from './world.ts';

const PROGRAM = fileURLToPath(new URL('program.ts', import.meta.url));

/** A run in a process of its own. */
export interface Child {
  process: ChildProcess;
  /** All that it has said so far, on stdout and stderr. */
  output: () => string;
  /** Its exit status; null when a signal ended it. */
  ended: Promise<number | null>;
}

/** Starts a run in a world's account; `at` is called as the run comes to each point, and lets it go on unless false. */
export function startChild(
  { aws, parts, volumeId }: World,
  at: (point: Point, child: ChildProcess) => boolean,
): Child {
  const child = fork(PROGRAM, [parts.folder, volumeId], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...aws.environment },
    execArgv: [],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  child.on('message', ({ point }: { point: Point }) => {
    if (at(point, child)) child.send('go on');
  });
  const ended = once(child, 'close').then(([status]) => status as number | null);
  return { process: child, output: () => output, ended };
}
