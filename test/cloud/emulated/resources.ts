import type { Tag, Wanted } from './moto-template.ts';

/** What there is of a stack. */
export interface Made {
  wanted: Wanted;
  /** The physical id of each resource, by its name in the template. */
  ids: Record<string, string>;
  outputs: Record<string, string>;
  /** The names that replaced resources have on moto, which would take a resource of the old name for the old one. */
  names: Record<string, string>;
}

/** Makes, changes and removes the resources of stacks. */
export interface Resources {
  make: (stackName: string, wanted: Wanted, tags: Tag[]) => Promise<Made>;
  remake: (stackName: string, is: Made, toBe: Wanted) => Promise<Made>;
  /** Removes all but what the template retains. */
  unmake: (stackName: string, is: Made) => Promise<void>;
}

/** The key of the launch template's newest version among the outputs, which no output of a template has. */
export const VERSION = 'the newest version';
