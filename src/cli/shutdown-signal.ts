import { OperatorError } from '../errors/operator-error.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Hears that the operator wants a command to end, or that its time is over, until the process ends. However often
 * it is asked, and even if there is a fault in the program, what was begun is undone to the end.
 * @returns a signal that is aborted then, with an OperatorError as its reason
 */
export function shutdownSignal(maxHours: number, print: (line: string) => void): AbortSignal {
  const controller = new AbortController();
  const stop = (why: string) => controller.abort(new OperatorError(why));
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      print(
        controller.signal.aborted
          ? 'Still putting things in order: broken off now, something would go on costing.'
          : `${signal}: stopping, and putting things in order first …`,
      );
      stop(`Stopped by ${signal}.`);
    });
  }
  process.on('uncaughtException', (fault) => {
    print(fault.stack ?? fault.message);
    stop(`Stopped by a fault in the program: ${fault.message}`);
  });
  // a terminal that has been closed must not end what it can no longer show
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const limit = `Stopped: it has taken ${maxHours} hours, the most that it may.`;
  setTimeout(() => stop(limit), maxHours * 3_600_000).unref();
  return controller.signal;
}
