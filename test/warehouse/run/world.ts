import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createEc2 } from '../../../src/aws/clients.ts';
import type { Parts } from '../../../src/warehouse/run/run.ts';
import { type FakeEc2, startFakeEc2 } from '../../support/fake-ec2/server.ts';
import { fakeParts, type Point } from './parts.ts';

/** A fake account with a volume, and all that a run there needs. */
export interface World {
  aws: FakeEc2;
  parts: Parts;
  /** Called, if it is there, when a run comes to a point. */
  at: Partial<Record<Point, () => void>>;
  /** The points that were passed, in order. */
  passed: Point[];
  /** What was printed. */
  lines: string[];
  volumeId: string;
  stop: (reason: Error) => void;
}

// EC2 forgets a request that it does not answer, and so do we
const ANSWER_MAX_MS = 2000;

/** Makes one, for one test. */
export async function makeWorld(): Promise<World> {
  const aws = await startFakeEc2();
  const folder = await mkdtemp(join(tmpdir(), 'warehouse-'));
  Object.assign(process.env, aws.environment);
  const ec2 = createEc2(ANSWER_MAX_MS);
  onTestFinished(async () => {
    ec2.destroy();
    await aws.close();
    await rm(folder, { recursive: true });
  });
  const { id: volumeId } = aws.account.addVolume();
  const stopping = new AbortController();
  const lines: string[] = [];
  const passed: Point[] = [];
  const at: World['at'] = { 'power-off': () => powerOff(aws) };
  const pass = async (point: Point) => {
    passed.push(point);
    at[point]?.();
  };
  const parts: Parts = {
    ...fakeParts(folder, volumeId, pass),
    ec2,
    print: (line) => lines.push(line),
    signal: stopping.signal,
  };
  return { aws, parts, at, passed, lines, volumeId, stop: (reason) => stopping.abort(reason) };
}

/** What the instances that run were started to do when they are shut down: they end for ever. */
function powerOff({ account }: FakeEc2): void {
  for (const instance of account.instances) {
    if (instance.shutdownBehavior !== 'terminate' || instance.states[0] !== 'running') continue;
    instance.states = ['shutting-down', 'terminated'];
    account.age(instance);
  }
}
