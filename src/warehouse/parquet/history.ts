import type { Manifest } from './manifest.ts';

/**
 * Returns the newest manifest whose data differs from the tables of another one, or null. A repeated run of the same data
 * therefore has the same comparison.
 * @param manifests the newest first
 */
export function findPrevious(manifests: Manifest[], tables: Manifest['tables']): Manifest | null {
  const current = fingerprint(tables);
  return manifests.find((manifest) => fingerprint(manifest.tables) !== current) ?? null;
}

/** Returns a text that identifies the data. It does not depend on whether password hashes are copied. */
function fingerprint({ user, message, follower }: Manifest['tables']): string {
  const parts = [message, follower].map(({ files }) =>
    files.map(({ part, checksum }) => `${part}:${checksum}`).join(),
  );
  // The checksum of `user` includes the hashes.
  return [user.rows, ...parts].join(';');
}
