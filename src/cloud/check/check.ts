import { isAccessDenied } from '../../aws/errors.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import type { ParameterValues } from '../stack/parameters.ts';

/** A question about an account that AWS answers without a cost. */
export interface Check {
  /** A noun for the table: `quotas`. */
  subject: string;
  /**
   * Returns a sentence that this is correct, or a finding.
   * @param values the parameters of the stack, as far as they are known
   * @throws OperatorError with the problem and what to do
   */
  run: (cloud: CloudContext, values: ParameterValues) => Promise<string | Finding>;
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
  values: ParameterValues,
): Promise<Finding> {
  cloud.signal.throwIfAborted();
  try {
    const answer = await run(cloud, values);
    return typeof answer === 'string' ? { state: 'ok', text: answer } : answer;
  } catch (error) {
    cloud.signal.throwIfAborted();
    if (!(error instanceof OperatorError)) throw error;
    return { state: isAccessDenied(error) ? 'unknown' : 'problem', text: errorMessage(error) };
  }
}
