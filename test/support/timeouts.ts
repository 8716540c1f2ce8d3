// These bounds catch what hangs. Each is many times what a busy machine takes, so that none catches what is slow.

/** For one condition to become true. Shorter than a test's, so that the message names the condition. */
export const CONDITION_MAX_MS = 90_000;

/** For one test. */
export const TEST_MAX_MS = 300_000;

/** For one hook, and for what is made once for all tests: packages are downloaded there on a new machine. */
export const SETUP_MAX_MS = 900_000;
