/**
 * Returns the row with exactly this username, or null. A query for `alice` also returns a row for `alice ` with a
 * space at the end, because the collation of the database ignores it.
 */
export function findExactUsername<Row extends { username: string }>(
  username: string,
  rows: Row[],
): Row | null {
  return rows.find((row) => row.username === username) ?? null;
}
