import { OperatorError } from '../errors/operator-error.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The message for a signal that arrives during the cleanup. */
export const STILL_CLEANING_UP = 'Still cleaning up. Stopping now could leave billable resources.';

/** Formats the message for the first signal. */
export function formatStopping(signal: NodeJS.Signals): string {
  return `${signal}: stopping, after cleaning up …`;
}

/**
 * Returns a signal that is aborted, with an OperatorError as its reason, when a command must stop: on SIGINT,
 * SIGTERM or SIGHUP, on an uncaught exception, or after `maxHours`. From now on, none of these ends the process,
 * so that a command can undo its steps. An uncaught exception is printed.
 */
export function shutdownSignal(maxHours: number, print: (line: string) => void): AbortSignal {
  const controller = new AbortController();
  const stop = (reason: string) => controller.abort(new OperatorError(reason));
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      print(controller.signal.aborted ? STILL_CLEANING_UP : formatStopping(signal));
      stop(`Stopped by ${signal}.`);
    });
  }
  process.on('uncaughtException', (error) => {
    print(error.stack ?? error.message);
    stop(`Stopped by an error in the program: ${error.message}`);
  });
  // After the terminal has been closed, each write to it emits an error, which must not end the process.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const timeout = `Stopped after ${maxHours} hours, the time limit of this command.`;
  setTimeout(() => stop(timeout), maxHours * 3_600_000).unref();
  return controller.signal;
}
