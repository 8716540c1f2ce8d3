/**
 * Shares one result of a check among all who ask for it within `shareMs`, and lets one check run at a time: however many ask,
 * the database is asked once. A check that rejects counts as false.
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
