import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { waitFor } from '../../cli/poll.ts';
import { messageOf } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { Cloud } from '../context.ts';
import { commandLine } from '../format-command.ts';

// instances that have just started, and a load balancer's name that is new
const READY_MAX_MS = 15 * 60_000;
const ANSWER_MAX_MS = 10_000;

/** Gives the HTTP status that a URL answers with. */
export type FetchStatus = (url: string) => Promise<number>;

/** Asks over HTTP or HTTPS, and follows nothing. */
export const fetchStatus: FetchStatus = (url) =>
  new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? getHttps : getHttp;
    // The certificate is for the site's own name, and the load balancer may be asked by another. Only a status is read.
    const options = { timeout: ANSWER_MAX_MS, rejectUnauthorized: false, agent: false as const };
    const request = get(url, options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });

// The load balancer answers /readyz and /healthz with 404. This page reads the database, too.
const PAGE = '/public';

/**
 * Waits until a page that reads the database answers 200 through the load balancer.
 * @param address of the site, without a path
 * @throws OperatorError if it does not within 15 minutes
 */
export async function waitUntilReady(cloud: Cloud, address: string): Promise<void> {
  const url = `${address}${PAGE}`;
  const look = async () => {
    const status = await cloud
      .fetchStatus(url)
      .catch((error: unknown) => `not reached (${messageOf(error)})`);
    return status === 200 ? { answer: true } : { state: String(status) };
  };
  try {
    await waitFor(url, look, cloud.waiting(READY_MAX_MS));
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const { message } = error;
    throw new OperatorError(`${message} What there is: ${commandLine(cloud, 'status')}`, {
      cause: error,
    });
  }
}
