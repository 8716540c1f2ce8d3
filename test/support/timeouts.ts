// These timeouts only end tests that hang. Each is many times longer than a step takes on a busy machine.

/** The limit of one step of a test, such as the start of a process or of a machine, or a condition. */
export const HANG_MS = 100_000;

/** The limit of a test, which has several steps. */
export const TEST_HANG_MS = 300_000;

/** The limit of a hook and of a global setup. On a new machine, they download packages. */
export const SETUP_HANG_MS = 1_200_000;
