import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { addSentence } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import type { Outputs } from '../stack/outputs.ts';

// This includes the start of new instances, and the time until DNS knows a new load balancer.
const READY_MAX_MS = 15 * 60_000;

/** A page that reads the database. The load balancer answers /readyz and /healthz with 404. */
export const DATABASE_PAGE = '/public';

/**
 * Waits until a page that reads the database returns status 200 through the load balancer. The site's own name need not
 * be known to DNS yet.
 * @throws OperatorError when this takes more than 15 minutes
 */
export async function waitUntilReady(
  cloud: CloudContext,
  { address, balancer }: Pick<Outputs, 'address' | 'balancer'>,
): Promise<void> {
  const url = `${address}${DATABASE_PAGE}`;
  const checkReady = async () => {
    const status = await cloud
      .fetchHttpStatus(url, balancer)
      .catch((error: unknown) => `not reached (${errorMessage(error)})`);
    return status === 200 ? { done: true } : { pending: String(status) };
  };
  try {
    await poll(url, checkReady, pollOptions(cloud, READY_MAX_MS));
  } catch (error) {
    throw addSentence(
      error,
      `Run ${formatCommand(cloud, 'status')} to see the state of the stack.`,
    );
  }
}
