import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';

const RESPONSE_TIMEOUT_MS = 10_000;

/**
 * Returns the status of the response to an HTTP or HTTPS request.
 * @param balancer the host name of the load balancer, if the request is sent to it and not to the URL's host
 */
export type FetchHttpStatus = (url: string, balancer?: string) => Promise<number>;

/**
 * Requests a URL and follows no redirect. Fails if the certificate is not valid for the URL's host, unless this is the
 * name of the load balancer, for which no certificate can be valid.
 */
export const fetchHttpStatus: FetchHttpStatus = (url, balancer) =>
  new Promise((resolve, reject) => {
    const { hostname, host } = new URL(url);
    const get = url.startsWith('https:') ? getHttps : getHttp;
    const options = {
      hostname: balancer ?? hostname,
      headers: { host },
      servername: hostname,
      timeout: RESPONSE_TIMEOUT_MS,
      rejectUnauthorized: hostname !== balancer,
      agent: false as const,
    };
    const request = get(url, options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('timeout', () =>
      request.destroy(new Error(`no response in ${RESPONSE_TIMEOUT_MS / 1000} s`)),
    );
    request.on('error', reject);
  });
