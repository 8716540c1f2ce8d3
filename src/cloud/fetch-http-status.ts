import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';

const RESPONSE_TIMEOUT_MS = 10_000;

/** Returns the status of the response to an HTTP or HTTPS request. */
export type FetchHttpStatus = (url: string) => Promise<number>;

/** Requests a URL and follows no redirect. */
export const fetchHttpStatus: FetchHttpStatus = (url) =>
  new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? getHttps : getHttp;
    // The URL may contain the load balancer's own name, for which the certificate is not valid. Only the status is
    // read.
    const options = {
      timeout: RESPONSE_TIMEOUT_MS,
      rejectUnauthorized: false,
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
