const SLOTS = 65_536;

/** Returns whether a key was requested recently: a cache stores the entry of such a key, and of no other. */
export type AdmissionFilter = (key: number) => boolean;

/**
 * Creates a cache admission filter. Without it, a crawler that reads all old pages would evict the pages that
 * everyone reads. The filter stores a key, which is a whole number, until it gets another key with the same
 * remainder.
 */
export function createAdmissionFilter(): AdmissionFilter {
  const lastKeys = new Float64Array(SLOTS).fill(NaN);
  return (key) => {
    const slot = key % SLOTS;
    const isRepeated = lastKeys[slot] === key;
    lastKeys[slot] = key;
    return isRepeated;
  };
}
