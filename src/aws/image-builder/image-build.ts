import type { EC2Client, Filter } from '@aws-sdk/client-ec2';
import type { StepContext } from '../../cli/steps.ts';
import type { CreateImageOptions } from '../ec2/create-image.ts';
import type { LaunchOptions } from '../ec2/launch.ts';

/** One build of an image (AMI) from an instance, and the ids that its steps have created so far. */
export interface ImageBuild extends StepContext {
  ec2: EC2Client;
  runId: string;
  /** The instance that becomes the image. */
  builderId: string | null;
  /** The instance type of the builder, or null if this process has not launched it. */
  builderType: string | null;
  imageId: string | null;
  /** Whether all steps have succeeded, so that undoing them must leave the image. */
  isDone: boolean;
}

/** How one kind of image is built. */
export interface ImageKind<Build extends ImageBuild> {
  launchOptions: (build: Build) => LaunchOptions | Promise<LaunchOptions>;
  /** The tags must include those that `unfinished` finds. */
  imageOptions: (build: Build) => Omit<CreateImageOptions, 'instanceId'>;
  /** Finds images and snapshots of builds that are not done. */
  unfinished: Filter;
  /** Formats the instance or the image of a build, which may still exist, with the command that removes it. */
  formatOrphan: (resource: 'instance' | 'image', build: ImageBuild) => string;
}

/** Returns the id that an earlier step has created. */
export function requireId(id: string | null): string {
  if (id === null) throw new Error('The step that creates this resource has not run.');
  return id;
}
