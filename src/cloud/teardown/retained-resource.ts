/** Something of ours that outlives the stack. */
export interface RetainedResource {
  id: string;
  /** What it is, for people: `image minitwit-20261123T001500Z-3f9a, 1.3.0`. */
  about: string;
  /** What it costs a month, in dollars, at most; null where that is not known. */
  monthly: number | null;
  /** Removes it; what is gone already is fine. */
  remove: () => Promise<void>;
}
