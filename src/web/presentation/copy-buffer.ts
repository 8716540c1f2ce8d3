/**
 * A copy to keep, in memory of its own. What zlib returns keeps the whole 16 KB in which it was made, and
 * small buffers share theirs with whatever was made next to them.
 */
export function keepBytes(bytes: Buffer): Buffer {
  const kept = Buffer.alloc(bytes.length);
  bytes.copy(kept);
  return kept;
}
