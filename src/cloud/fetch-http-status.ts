import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';

const ANSWER_MAX_MS = 10_000;

/** Returns the status of the response to an HTTP or HTTPS request. */
export type FetchHttpStatus = (url: string) => Promise<number>;

/** Requests a URL and follows no redirect. */
export const fetchHttpStatus: FetchHttpStatus = (url) =>
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
