/** A page of a list of users, in the order of their names. */
export interface PeoplePage {
  usernames: string[];
  hasMore: boolean;
}

/** The number of users that a query for a page reads. The last one shows whether there is another page. */
export const PEOPLE_QUERY_LIMIT = 51;

/** Returns the page of the rows of a query. */
export function toPeoplePage(rows: { username: string }[]): PeoplePage {
  const usernames = rows.map(({ username }) => username);
  return {
    usernames: usernames.slice(0, PEOPLE_QUERY_LIMIT - 1),
    hasMore: usernames.length === PEOPLE_QUERY_LIMIT,
  };
}
