import { rm } from 'node:fs/promises';
import { onTestFinished, vi } from 'vitest';
import type { RunContext } from '../../../src/warehouse/context.ts';
import { createFastFolder } from '../../support/fast-folder.ts';
import { openEc2 } from '../../support/ec2-client.ts';
import { type FakeEc2, startFakeEc2 } from '../../support/fake-ec2/fake-ec2.ts';
import { createFakeContext, type Point } from './fake-context.ts';

/** A simulated account with a volume, and the context of a run in it. */
export interface RunFixture {
  aws: FakeEc2;
  context: RunContext;
  /** Functions that are called when a run reaches a point. */
  at: Partial<Record<Point, () => void>>;
  /** The points that a run passed, in order. A point whose function throws is not passed. */
  passed: Point[];
  /** The printed lines. */
  lines: string[];
  volumeId: string;
  stop: (reason: Error) => void;
}

const FOLDER_BYTES = 1024 * 1024;

/** The simulated duration of each request and each point, for deadlines. */
const EVENT_MS = 50;

/** Creates a fixture for one test. */
export async function createRunFixture(): Promise<RunFixture> {
  const aws = await startFakeEc2();
  // A run flushes its state file after each change.
  const folder = await createFastFolder('minitwit-warehouse-', FOLDER_BYTES);
  onTestFinished(() => rm(folder, { recursive: true }));
  const { id: volumeId } = aws.account.addVolume();
  const stopping = new AbortController();
  const lines: string[] = [];
  const passed: Point[] = [];
  const at: RunFixture['at'] = { 'power-off': () => powerOff(aws) };
  const pass = async (point: Point) => {
    at[point]?.();
    passed.push(point);
  };
  countEventsAsTime(() => aws.actions.length + passed.length);
  const print = (line: string) => lines.push(line);
  const given = { ec2: openEc2(), folder, print, signal: stopping.signal };
  const context = createFakeContext(given, volumeId, pass);
  return { aws, context, at, passed, lines, volumeId, stop: (reason) => stopping.abort(reason) };
}

/** Replaces the clock by a count of events, so that a slow machine polls as often as a fast one. */
function countEventsAsTime(count: () => number): void {
  const now = vi.spyOn(performance, 'now').mockImplementation(() => count() * EVENT_MS);
  onTestFinished(() => now.mockRestore());
}

/** Shuts down the running instances, which terminates those with that shutdown behaviour. */
function powerOff({ account }: FakeEc2): void {
  for (const instance of account.instances) {
    if (instance.shutdownBehavior !== 'terminate' || instance.states[0] !== 'running') continue;
    instance.states = ['shutting-down', 'terminated'];
    account.advanceState(instance);
  }
}
