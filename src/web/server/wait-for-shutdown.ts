/**
 * Resolves when this process has to shut down: at SIGTERM, at SIGINT, and when its parent process has exited. Further
 * signals have no effect.
 */
export function waitForShutdown(): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGTERM', resolve);
    process.on('SIGINT', resolve);
    // The IPC channel to `npm run local` or to the primary process has closed.
    process.on('disconnect', resolve);
  });
}
