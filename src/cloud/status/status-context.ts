import { once } from '../../cli/once.ts';
import type { CloudContext } from '../context.ts';
import { listMiniTwitImages, type MiniTwitImage } from '../images.ts';
import { listResources, type StackResource } from '../stack/resources.ts';
import type { Stack } from '../stack/stack.ts';

/** The context of the sections of a stack's status. It reads once what several sections need. */
export interface StatusContext extends CloudContext {
  stack: Stack;
  /** Lists the resources of the stack, as `listResources` does. */
  listResources: () => Promise<StackResource[]>;
  /** Lists the available images, newest first. */
  listImages: () => Promise<MiniTwitImage[]>;
}

/** Creates the context of the sections of a stack's status. Sends no request. */
export function createStatusContext(cloud: CloudContext, stack: Stack): StatusContext {
  return {
    ...cloud,
    stack,
    listResources: once(() => listResources(cloud, stack.id)),
    listImages: once(() => listMiniTwitImages(cloud.clients.ec2)),
  };
}
