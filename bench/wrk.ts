import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findOrUnpack } from '../src/dev/programs.ts';
import { shutdownSignal } from './cleanup.ts';
import { formatRequest, type WebRequest } from './requests.ts';
import type { WebServer } from './servers.ts';

/** The results of a run of wrk. */
export interface LoadResult {
  requests: number;
  /** The bytes of all responses, with their headers. */
  bytes: number;
  requestsPerS: number;
  p50Ms: number;
  p99Ms: number;
}

/** The load of a run. */
export interface Load {
  server: WebServer;
  requests: WebRequest[];
  connections: number;
  seconds: number;
  /** The folder for the temporary file of requests. */
  folder: string;
}

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));
const REQUEST_SEPARATOR = '\u001e';
// The original's responses are slow.
const TIMEOUT_S = 60;
let files = 0;

/**
 * Returns the path of wrk. If wrk is not installed, Debian's package is unpacked into the cache.
 * @throws OperatorError if neither is possible
 */
export function findWrk(): string {
  return findOrUnpack(
    'wrk',
    'wrk',
    (reason) => `The benchmark needs wrk, and ${reason}. Install wrk.`,
  );
}

/**
 * Runs wrk, which sends one request after the other on each connection.
 * @throws Error if a request fails or gets a status above 399
 */
export async function runWrk(load: Load): Promise<LoadResult> {
  const { server, requests, connections, seconds, folder } = load;
  const file = join(folder, `requests-${files++}`);
  const { host } = new URL(server.url);
  await writeFile(
    file,
    requests.map((each) => formatRequest(each, host) + REQUEST_SEPARATOR).join(''),
  );
  const options = [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    `--timeout=${TIMEOUT_S}s`,
    '--latency',
  ];
  const target = ['-s', SCRIPT, server.url, '--', file];
  const { stdout } = await run(findWrk(), [...options, ...target], {
    signal: shutdownSignal,
  });
  await rm(file);
  const { failed, errorResponses, ...result } = readResult(stdout);
  if (failed + errorResponses === 0) return result;
  const path = requests[0]?.path ?? '';
  const problem = `${failed} requests like ${path} failed, and ${errorResponses} got an error`;
  throw new Error(`${problem}. ${await server.formatState()}`);
}

interface WrkOutput extends LoadResult {
  /** The number of requests without a response. */
  failed: number;
  /** The number of responses with a status above 399. */
  errorResponses: number;
}

function readResult(output: string): WrkOutput {
  const json = /^RESULT (.*)$/m.exec(output)?.[1];
  if (!json) throw new Error(`wrk printed no result:\n${output}`);
  const { durationS, ...result } = JSON.parse(json) as Omit<WrkOutput, 'requestsPerS'> & {
    durationS: number;
  };
  return { ...result, requestsPerS: result.requests / durationS };
}
