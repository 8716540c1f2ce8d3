import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { DEFAULT_TIMING } from '../../../src/cli/command-context.ts';
import { createCloudContext } from '../../../src/cloud/context.ts';
import { type FetchHttpStatus, fetchHttpStatus } from '../../../src/cloud/fetch-http-status.ts';
import { waitUntilReady } from '../../../src/cloud/instances/wait-until-ready.ts';
import { OperatorError } from '../../../src/errors/operator-error.ts';

const SITE = { address: 'http://site', balancer: 'balancer' };

function cloudWith(fetchStatus: FetchHttpStatus, waitMaxMs = Infinity) {
  const lines: string[] = [];
  const stop = new AbortController();
  const cloud = createCloudContext({
    stackName: 'minitwit',
    print: (line) => lines.push(line),
    signal: stop.signal,
    timing: { ...DEFAULT_TIMING, firstPauseMs: 1, waitMaxMs },
    fetchHttpStatus: fetchStatus,
  });
  return { cloud, lines, stop };
}

test('waitUntilReady waits for status 200, and prints each other answer of the load balancer', async () => {
  const answers = [() => Promise.reject(new Error('ENOTFOUND')), async () => 503, async () => 200];
  const requestedUrls: string[] = [];
  const { cloud, lines } = cloudWith((url) => {
    requestedUrls.push(url);
    return answers[requestedUrls.length - 1]?.() ?? Promise.reject(new Error('Too many requests'));
  });
  await waitUntilReady(cloud, SITE);
  expect(requestedUrls).toEqual(Array.from({ length: 3 }, () => 'http://site/public'));
  expect(lines.map((line) => line.replace(/^\S+ /, ''))).toEqual([
    'http://site/public: not reached (ENOTFOUND)',
    'http://site/public: 503',
  ]);
});

test("the timeout's error has the last status and the command that prints the state", async () => {
  const { cloud } = cloudWith(async () => 503, 5);
  await expect(waitUntilReady(cloud, SITE)).rejects.toThrow(
    /^http:\/\/site\/public: still 503 after 0 s\. Run npm run cloud -- status to see the state of the stack\.$/,
  );
});

test('waitUntilReady ends when the command is stopped', async () => {
  const { cloud, stop } = cloudWith(async () => {
    stop.abort(new OperatorError('Stopped by SIGINT.'));
    return 503;
  });
  await expect(waitUntilReady(cloud, SITE)).rejects.toThrow('Stopped by SIGINT.');
});

test('fetchHttpStatus returns the status, also of a redirect, and fails when no server listens', async () => {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/public' ? 301 : 404, { location: '/' }).end('text');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/public`;
  expect(await fetchHttpStatus(url)).toBe(301);
  server.close();
  await once(server, 'close');
  await expect(fetchHttpStatus(url)).rejects.toThrow('ECONNREFUSED');
});
