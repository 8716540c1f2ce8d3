import { errorMessage } from '../../errors/error-message.ts';
import type { CloudContext } from '../context.ts';
import type { Stack } from '../stack/stack.ts';

/** A section of the status, for a program and for an operator. */
export interface Section {
  /** The value in JSON; `{ error }` with a message if the section could not be read. */
  report: unknown;
  /** The lines for the terminal, without an indent. */
  lines: string[];
}

/** Reads a section of a stack's status from AWS. Never throws. */
export type ReadSection = (cloud: CloudContext, stack: Stack) => Promise<Section>;

/**
 * Creates a section.
 * @param read returns what JSON shows: plain data, with dates as `Date`
 * @param format returns the lines for the terminal
 */
export function createSection<Report>(
  read: (cloud: CloudContext, stack: Stack) => Report | Promise<Report>,
  format: (report: Report, cloud: CloudContext) => string[],
): ReadSection {
  return async (cloud, stack) => {
    try {
      const report = await read(cloud, stack);
      return { report, lines: format(report, cloud) };
    } catch (error) {
      const message = errorMessage(error);
      return { report: { error: message }, lines: [message] };
    }
  };
}
