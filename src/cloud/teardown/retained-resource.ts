/** A resource that is retained when the stack is removed. */
export interface RetainedResource {
  id: string;
  /** A description for people: `image minitwit-20261123T001500Z-3f9a, 1.3.0`. */
  about: string;
  /** An upper estimate of the cost in dollars per month, or null if it is unknown. */
  monthly: number | null;
  /** Removes the resource. Idempotent. */
  remove: () => Promise<void>;
}
