import type { Image } from '../../aws/ec2/images.ts';
import type { Subnet } from '../../aws/ec2/network.ts';
import type { Tags } from '../../aws/ec2/tags.ts';
import type { Volume } from '../../aws/ec2/volumes.ts';
import { createRunId } from '../../cli/run-id.ts';
import { createMemoryJournal, type StepContext } from '../../cli/steps.ts';
import { originTag } from '../run/lock.ts';
import type { WarehouseContext } from '../context.ts';
import type { InstanceConfig } from '../settings.ts';
import { FROM_TAG, tagsOf, UNFINISHED } from '../tags.ts';

/** What a provision is asked to make. */
export interface Order {
  /** The volume to use; null to make one. */
  volumeId: string | null;
  /** Of one that is made. */
  sizeGib: number;
  /** A plain Amazon Linux 2023; null for the newest. */
  baseImageId: string | null;
}

/** Where and of what it is made. */
export interface Site {
  image: Image;
  subnet: Subnet;
  /** The volume that is used; null where one is to be made. */
  volume: Volume | null;
}

/** One provision: what it works with, and what it has made so far. */
export interface ProvisionContext extends WarehouseContext, StepContext {
  timing: WarehouseContext['timing'];
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
export function createProvisionContext(
  context: WarehouseContext,
  config: InstanceConfig,
  { sizeGib, site }: { sizeGib: number; site: Site },
): ProvisionContext {
  const runId = createRunId(new Date());
  return {
    ...context,
    config,
    sizeGib,
    site,
    runId,
    tags: { ...tagsOf(UNFINISHED, runId), [FROM_TAG]: originTag(context.folder) },
    volumeId: null,
    builderId: null,
    imageId: null,
    isDone: false,
    journal: createMemoryJournal(),
  };
}

/** What the steps before have made. */
export function idsOf(provision: ProvisionContext): { volumeId: string; builderId: string } {
  const { volumeId, builderId } = provision;
  if (volumeId === null || builderId === null) throw new Error('The steps are in another order');
  return { volumeId, builderId };
}
