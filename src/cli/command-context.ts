import { withElapsedTime } from './times.ts';

/** How long a command waits. Tests wait less. */
export interface Timing {
  /** The first pause between two polls. */
  firstPauseMs: number;
  /** The upper limit of every wait. */
  waitMaxMs: number;
  /** How long to poll for a resource that was created, but that is not listed yet. */
  visibilityTimeoutMs: number;
  /** How long a step that ignores the signal may continue after it. */
  stopTimeoutMs: number;
}

/** The timing of commands that an operator runs. */
export const DEFAULT_TIMING: Timing = {
  firstPauseMs: 500,
  waitMaxMs: Infinity,
  visibilityTimeoutMs: 30_000,
  stopTimeoutMs: 30_000,
};

/** The context of every command. */
export interface CommandContext {
  /** Writes a line to the terminal. */
  print: (line: string) => void;
  /** Writes a line to the terminal, after the time since the command began. */
  log: (line: string) => void;
  /** Aborted when the command must stop. Its reason is an OperatorError. */
  signal: AbortSignal;
  timing: Timing;
}

/** Creates a command's context. The time in its log lines starts now. */
export function createCommandContext<Options extends Omit<CommandContext, 'log'>>(
  options: Options,
): Options & CommandContext {
  return { ...options, log: withElapsedTime(options.print) };
}
