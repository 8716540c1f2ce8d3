/**
 * Returns a function that reads a value at its first call. Each call returns the same promise, so all callers share one
 * value or one error.
 */
export function once<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let value: Promise<Value> | undefined;
  return () => (value ??= read());
}
