// Timeouts end what hangs. Each is many times what a busy machine takes, so that slowness fails no test.

/** Limit for one step of a test: a process starts, a machine boots, a condition becomes true. */
export const HANG_MS = 100_000;

/** Limit for a whole test, which takes such steps one after another. */
export const TEST_HANG_MS = 300_000;

/** Limit for a hook, and for what is made once for all tests: on a new machine, packages are downloaded there. */
export const SETUP_HANG_MS = 1_200_000;
