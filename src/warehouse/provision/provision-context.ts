import type { Image } from '../../aws/ec2/images.ts';
import type { ImageBuild } from '../../aws/image-builder/image-build.ts';
import type { Subnet } from '../../aws/ec2/network.ts';
import type { Tags } from '../../aws/tags.ts';
import type { Volume } from '../../aws/ec2/volumes.ts';
import { createRunId } from '../../cli/run-id.ts';
import { createMemoryJournal } from '../../cli/steps.ts';
import { originTag } from '../run/lock.ts';
import type { WarehouseContext } from '../context.ts';
import type { InstanceConfig } from '../settings.ts';
import { ORIGIN_TAG, resourceTags, UNFINISHED } from '../tags.ts';

/** The options of `provision`. */
export interface ProvisionOptions {
  /** The volume to use; null to create one. */
  volumeId: string | null;
  /** The size of a new volume. */
  sizeGib: number;
  /** The image of the builder; null for the newest Amazon Linux 2023. */
  baseImageId: string | null;
}

/** The inputs of a `provision`. */
export interface ProvisionPlan {
  /** Whether instances of the builder's type spend CPU credits. */
  isBurstable: boolean;
  /** The image from which the builder starts. */
  image: Image;
  subnet: Subnet;
  /** The volume to use; null when one is created. */
  volume: Volume | null;
}

/** One run of `provision`, and what it has created so far. */
export interface ProvisionContext extends WarehouseContext, ImageBuild {
  timing: WarehouseContext['timing'];
  config: InstanceConfig;
  sizeGib: number;
  plan: ProvisionPlan;
  tags: Tags;
  volumeId: string | null;
}

/** Creates the context of a new run of `provision`. */
export function createProvisionContext(
  context: WarehouseContext,
  config: InstanceConfig,
  { sizeGib, plan }: { sizeGib: number; plan: ProvisionPlan },
): ProvisionContext {
  const runId = createRunId(new Date());
  return {
    ...context,
    config,
    sizeGib,
    plan,
    runId,
    tags: { ...resourceTags(UNFINISHED, runId), [ORIGIN_TAG]: originTag(context.folder) },
    volumeId: null,
    builderId: null,
    builderType: null,
    imageId: null,
    isDone: false,
    journal: createMemoryJournal(),
  };
}
