import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { addSentence } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';

// This includes the start of new instances, and the time until DNS knows a new load balancer.
const READY_MAX_MS = 15 * 60_000;

// The load balancer answers /readyz and /healthz with 404. This page reads the database, too.
const PAGE = '/public';

/**
 * Waits until a page that reads the database returns status 200 through the load balancer.
 * @param address the URL of the site, without a path
 * @throws OperatorError when this takes more than 15 minutes
 */
export async function waitUntilReady(cloud: CloudContext, address: string): Promise<void> {
  const url = `${address}${PAGE}`;
  const checkReady = async () => {
    const status = await cloud
      .fetchHttpStatus(url)
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
