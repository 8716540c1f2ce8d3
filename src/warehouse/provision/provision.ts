import type { Filter } from '@aws-sdk/client-ec2';
import { findMade } from '../../aws/ec2/find-made.ts';
import type { Image } from '../../aws/ec2/images.ts';
import { findInstance } from '../../aws/ec2/instances.ts';
import type { Subnet } from '../../aws/ec2/network.ts';
import { RUN_TAG, tagFilter, type Tags } from '../../aws/ec2/tags.ts';
import { createRunId } from '../../aws/run-id.ts';
import type { Course } from '../../aws/runner.ts';
import { sayElapsed } from '../../aws/times.ts';
import type { Seen } from '../../aws/wait.ts';
import { createWaits, type Waits } from '../../aws/waits.ts';
import { OperatorError } from '../../errors.ts';
import { whereFrom } from '../run/lock.ts';
import type { Base } from '../run/run.ts';
import type { InstanceConfig } from '../settings.ts';
import { FROM_TAG, tagsOf, UNFINISHED } from '../tags.ts';

/** What a provision is asked to make. */
export interface Order {
  /** Of the volume. */
  sizeGib: number;
  /** A plain Amazon Linux 2023; null for the newest. */
  baseImageId: string | null;
}

/** Where and of what it is made. */
export interface Site {
  image: Image;
  subnet: Subnet;
}

/** One provision: what it works with, and what it has made so far. */
export interface Provision extends Base, Course, Waits {
  config: InstanceConfig;
  sizeGib: number;
  site: Site;
  runId: string;
  tags: Tags;
  volumeId: string | null;
  /** The instance that becomes the image. */
  builderId: string | null;
  imageId: string | null;
  /** Whether volume and image are as they should be, and stay. */
  isDone: boolean;
}

/** A provision that begins now, of which there is nothing yet. */
export function openProvision(
  base: Base,
  config: InstanceConfig,
  { sizeGib, site }: { sizeGib: number; site: Site },
): Provision {
  const runId = createRunId(new Date());
  const tell = sayElapsed(base.print);
  return {
    ...base,
    config,
    sizeGib,
    site,
    runId,
    tags: { ...tagsOf(UNFINISHED, runId), [FROM_TAG]: whereFrom(base.folder) },
    volumeId: null,
    builderId: null,
    imageId: null,
    isDone: false,
    tell,
    journal: journalInMemory(),
    ...createWaits(base, tell),
  };
}

/** The ids of what the provision made, of one kind: `A volume`. Its answer may have been lost. */
export function findOurs(
  { pace, runId, undoing }: Provision,
  kind: string,
  knownId: string | null,
  list: (ofRun: Filter) => Promise<string[]>,
): Promise<string[]> {
  const made = {
    what: `${kind} that AWS may have made`,
    knownId,
    list: () => list(tagFilter(RUN_TAG, runId)),
    unseenMaxMs: pace.lostMaxMs,
  };
  // twice as long, since AWS may not answer for a while
  return findMade(made, undoing(pace.lostMaxMs * 2));
}

/** Looks whether the builder is as it should be. */
export async function lookForBuilder(
  { ec2, builderId }: Provision,
  wanted: 'running' | 'stopped',
): Promise<Seen<true>> {
  const instance = await findInstance(ec2, builderId ?? '');
  const state = instance?.state ?? 'not known yet';
  if (['shutting-down', 'terminated'].includes(state)) {
    throw new OperatorError(`The instance ${builderId} has ended: ${instance?.reason ?? state}.`);
  }
  return state === wanted ? { answer: true } : { state };
}

/** What the steps before have made. */
export function idsOf(provision: Provision): { volumeId: string; builderId: string } {
  const { volumeId, builderId } = provision;
  if (volumeId === null || builderId === null) throw new Error('The steps are in another order');
  return { volumeId, builderId };
}

/** Nothing is remembered for another process: what a killed one leaves is found by its tags. */
function journalInMemory(): Course['journal'] {
  const begun = new Set<string>();
  return {
    begun: () => [...begun],
    begin: async (step) => void begun.add(step),
    end: async (step) => void begun.delete(step),
  };
}
