import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

// A terminal sends these signals to all processes in its foreground.
const TERMINAL_SIGNALS = ['SIGINT', 'SIGQUIT', 'SIGTSTP'] as const;

/**
 * Runs a program that uses this process's terminal. The program alone handles Ctrl-C, Ctrl-\ and Ctrl-Z.
 * @param signal terminates the program
 * @returns the exit status, or 128 and the number of the signal that ended the program
 * @throws the error of a program that cannot be started; the signal's reason
 */
export async function runInteractive(
  command: string,
  parameters: string[],
  { env, signal }: { env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<number> {
  signal.throwIfAborted();
  const restoreSignals = ignoreTerminalSignals();
  try {
    const child = spawn(command, parameters, { stdio: 'inherit', env, signal });
    const [status, killedBy] = (await once(child, 'exit')) as [number | null, NodeJS.Signals];
    return status ?? 128 + constants.signals[killedBy];
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    restoreSignals();
  }
}

/** Replaces this process's handlers of the terminal's signals, and returns a function that restores them. */
function ignoreTerminalSignals(): () => void {
  const restorers = TERMINAL_SIGNALS.map((name) => {
    const handlers = process.listeners(name);
    const ignore = () => undefined;
    process.removeAllListeners(name).on(name, ignore);
    return () => {
      process.off(name, ignore);
      for (const handler of handlers) process.on(name, handler);
    };
  });
  return () => restorers.forEach((restore) => restore());
}
