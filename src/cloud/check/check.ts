import { isAccessDenied } from '../../aws/errors.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import type { ParameterValues } from '../stack/parameters.ts';

/** Reads the parameters of the stack that is checked. */
export type ReadValues = () => Promise<ParameterValues>;

/** A question about an account that AWS answers without a cost. */
export interface Check {
  /** A noun for the table: `quotas`. */
  subject: string;
  /**
   * Returns a sentence with what is correct, or a finding.
   * @param readValues returns the parameters of the stack, or those of a new stack if there is none
   * @throws OperatorError with the problem and what to do, also if the stack cannot be read
   */
  run: (cloud: CloudContext, readValues: ReadValues) => Promise<string | Finding>;
}

/** The result of a check. */
export interface Finding {
  /** `unknown` if the operator may not ask, or if it is too early to ask. */
  state: 'ok' | 'problem' | 'unknown';
  text: string;
}

/**
 * Runs a check.
 * @throws errors that are not about the account: the reason of the signal, and faults of this program
 */
export async function runCheck(
  { run }: Check,
  cloud: CloudContext,
  readValues: ReadValues,
): Promise<Finding> {
  cloud.signal.throwIfAborted();
  try {
    const answer = await run(cloud, readValues);
    return typeof answer === 'string' ? { state: 'ok', text: answer } : answer;
  } catch (error) {
    cloud.signal.throwIfAborted();
    if (!(error instanceof OperatorError)) throw error;
    return { state: isAccessDenied(error) ? 'unknown' : 'problem', text: errorMessage(error) };
  }
}
