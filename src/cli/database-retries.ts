/** How programs on the command line retry a connection to the database: they log the reason on stderr. */
export const DATABASE_RETRIES = {
  // An RDS instance takes about a minute to restart.
  waitMaxMs: 90_000,
  onWait: (message: string) => console.error(message),
};
