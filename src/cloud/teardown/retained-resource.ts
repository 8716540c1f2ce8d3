import type { PricedResource } from '../costs/priced-resource.ts';

/** A resource that is retained when the stack is removed. */
export interface RetainedResource extends PricedResource {
  id: string;
  /** Removes the resource. Idempotent. */
  remove: () => Promise<void>;
}
