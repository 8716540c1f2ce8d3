/**
 * Returns a function that runs a check once at a time, and returns the same result for `shareMs` after it: any number of
 * requests cause one query. A check that rejects counts as false.
 */
export function cacheCheck(check: () => Promise<boolean>, ttlMs: number): () => Promise<boolean> {
  let result: Promise<boolean> | null = null;
  return () => {
    result ??= check()
      .catch(() => false)
      .finally(() => {
        setTimeout(() => (result = null), ttlMs).unref();
      });
    return result;
  };
}
