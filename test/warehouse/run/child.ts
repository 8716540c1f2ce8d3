import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type ForkedProgram, forkProgram } from '../../support/fork-program.ts';
import type { Point } from './fake-context.ts';
import type { RunFixture } from './fixture.ts';

const PROGRAM = fileURLToPath(new URL('program.ts', import.meta.url));

/** Starts a run in a child process, in a fixture's account. At each point it waits until `at` has resolved. */
export function startChild(
  { context, volumeId }: RunFixture,
  at: (point: Point, child: ForkedProgram) => unknown = () => undefined,
): ForkedProgram {
  const child = forkProgram(PROGRAM, [context.folder, volumeId]);
  child.process.on('message', ({ point }: { point: Point }) => {
    void answer(child.process, at(point, child));
  });
  return child;
}

async function answer(process: ChildProcess, isDone: unknown): Promise<void> {
  await isDone;
  // A killed process receives nothing.
  if (process.connected) process.send('go on', () => undefined);
}
