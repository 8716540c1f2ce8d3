// Timeouts end what hangs. Each is several times what a busy machine takes, so that slowness fails no test.

/** Limit for one step of a test: a process starts, a machine boots, a condition comes true. */
export const HANG_MS = 120_000;

/** Limit for a whole test or hook that runs such steps one after another. */
export const TEST_HANG_MS = 300_000;

/** Limit for set-up that downloads packages and builds images, which happens once on each machine. */
export const BUILD_HANG_MS = 1_200_000;
