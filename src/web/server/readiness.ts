/**
 * Returns a function that caches the result of a check for `ttlMs`. Concurrent calls share one check, so any number of
 * requests causes one query. A check that rejects counts as false.
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
