/** Resolves when somebody wants this process to stop. Who asks again does not make it stop any faster. */
export function waitForShutdown(): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGTERM', resolve);
    process.on('SIGINT', resolve);
    // whoever started us, `npm run local` or the primary of some workers, is gone
    process.on('disconnect', resolve);
  });
}
