/** The row of exactly this name: the collation pads with spaces, so that to the database 'alice ' is 'alice'. */
export function exactly<Row extends { username: string }>(
  username: string,
  rows: Row[],
): Row | null {
  return rows.find((row) => row.username === username) ?? null;
}
