import type { SchemaChanges } from './schema.ts';

/** Returns lines about what migrateSchema has changed. */
export function formatChanges({ isNew, migrations, profiles, names }: SchemaChanges): string[] {
  // The original MiniTwit prints this line.
  if (isNew) return ['Initialized the database.'];
  const lines = migrations.map((migration) => `Applied the migration ${migration}.`);
  if (profiles > 0) lines.push(`Created the profiles of ${profiles} users.`);
  if (names > 0)
    lines.push(`Stored the names of ${names} users, so that no other name resembles them.`);
  return lines.length > 0 ? lines : ['The database has all migrations. Nothing was changed.'];
}
