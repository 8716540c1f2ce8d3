import { errorMessage } from '../../errors/error-message.ts';
import type { CloudContext } from '../context.ts';
import type { StatusContext } from './status-context.ts';

/** A section of the status, for a program and for an operator. */
export interface Section {
  /** The value in JSON; `{ error }` with a message if the section could not be read. */
  report: unknown;
  /** The lines for the terminal, without an indent. */
  lines: string[];
}

/** Reads a section of a stack's status from AWS. Never throws. */
export type ReadSection = (context: StatusContext) => Promise<Section>;

/**
 * Creates a section.
 * @param read returns what JSON shows: plain data, with dates as `Date`
 * @param format returns the lines for the terminal
 */
export function createSection<Report>(
  read: (context: StatusContext) => Report | Promise<Report>,
  format: (report: Report, cloud: CloudContext) => string[],
): ReadSection {
  return async (context) => {
    try {
      const report = await read(context);
      return { report, lines: format(report, context) };
    } catch (error) {
      const message = errorMessage(error);
      return { report: { error: message }, lines: [message] };
    }
  };
}
