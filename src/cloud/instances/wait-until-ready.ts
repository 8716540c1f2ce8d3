import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';

// instances that have just started, and a load balancer's name that is new
const READY_MAX_MS = 15 * 60_000;

// The load balancer answers /readyz and /healthz with 404. This page reads the database, too.
const PAGE = '/public';

/**
 * Waits until a page that reads the database answers 200 through the load balancer.
 * @param address of the site, without a path
 * @throws OperatorError if it does not within 15 minutes
 */
export async function waitUntilReady(cloud: CloudContext, address: string): Promise<void> {
  const url = `${address}${PAGE}`;
  const look = async () => {
    const status = await cloud
      .fetchHttpStatus(url)
      .catch((error: unknown) => `not reached (${errorMessage(error)})`);
    return status === 200 ? { done: true } : { pending: String(status) };
  };
  try {
    await poll(url, look, pollOptions(cloud, READY_MAX_MS));
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const { message } = error;
    throw new OperatorError(`${message} What there is: ${formatCommand(cloud, 'status')}`, {
      cause: error,
    });
  }
}
