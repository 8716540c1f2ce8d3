import type { Tag, RequestedStack } from './moto-template.ts';

/** The existing resources of a stack. */
export interface ExistingResources {
  requested: RequestedStack;
  /** The physical id of each resource, by its name in the template. */
  ids: Record<string, string>;
  outputs: Record<string, string>;
  /** The names that replaced resources have on moto, which would take a resource of the old name for the old one. */
  names: Record<string, string>;
}

/** A failing resource, with AWS's reason. */
export interface Fault {
  resource: string;
  reason: string;
}

/** Returns the fault of the next operation: of an update to a requested state, or of a deletion (null). */
export type TakeFault = (requested: RequestedStack | null) => Fault | undefined;

/** Creates, updates and deletes the resources of stacks. */
export interface ResourceProvider {
  create: (stackName: string, requested: RequestedStack, tags: Tag[]) => Promise<ExistingResources>;
  update: (
    stackName: string,
    existing: ExistingResources,
    requested: RequestedStack,
  ) => Promise<ExistingResources>;
  /**
   * Leaves what CloudFormation does not undo when it rolls an update back: the new version of the launch template, and
   * the group on it.
   */
  leaveAfterRollback: (
    stackName: string,
    existing: ExistingResources,
    requested: RequestedStack,
  ) => Promise<void>;
  /** Deletes all resources that the template does not retain. */
  delete: (stackName: string, existing: ExistingResources) => Promise<void>;
  /** Returns the refusal of a resource that is protected against deletion, or null. */
  findProtected: (existing: ExistingResources) => Promise<Fault | null>;
  /** Returns the first resource for whose change the operator lacks a permission, or null. */
  findRefused: (
    existing: ExistingResources | null,
    requested: RequestedStack,
  ) => Promise<Fault | null>;
}

/** The key of the launch template's newest version among the outputs, which no output of a template has. */
export const NEWEST_VERSION = 'the newest version';
