/**
 * Returns a function that runs a check once at a time, and returns the same result for `shareMs` after it: any number of
 * requests cause one query. A check that rejects counts as false.
 */
export function shareCheck(check: () => Promise<boolean>, shareMs: number): () => Promise<boolean> {
  let result: Promise<boolean> | null = null;
  return () => {
    result ??= check()
      .catch(() => false)
      .finally(() => {
        setTimeout(() => (result = null), shareMs).unref();
      });
    return result;
  };
}
