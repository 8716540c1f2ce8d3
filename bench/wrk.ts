import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findOrUnpack } from '../src/dev/programs.ts';
import { stopAsked } from './end.ts';
import { toBytes, type WebRequest } from './requests.ts';
import type { WebServer } from './servers.ts';

/** What wrk measured. */
export interface Figures {
  requests: number;
  requestsPerS: number;
  p50Ms: number;
  p99Ms: number;
}

/** How a server is driven. */
export interface Load {
  server: WebServer;
  requests: WebRequest[];
  connections: number;
  seconds: number;
  /** For the file of requests. */
  folder: string;
}

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));
const END_OF_REQUEST = '\u001e';
// the original's answers take their time
const TIMEOUT_S = 60;
let files = 0;

/**
 * Returns the path of wrk. If it is not installed, Debian's package is unpacked into the cache.
 * @throws OperatorError that says what to install
 */
export function findWrk(): string {
  return findOrUnpack('wrk', 'wrk', (reason) => `The bench needs wrk, and ${reason}. Install it.`);
}

/** Drives a server with wrk, one request after the other on each connection; fails if one of them did. */
export async function drive(load: Load): Promise<Figures> {
  const { server, requests, connections, seconds, folder } = load;
  const file = join(folder, `requests-${files++}`);
  const { host } = new URL(server.url);
  await writeFile(file, requests.map((each) => toBytes(each, host) + END_OF_REQUEST).join(''));
  const how = ['-t1', `-c${connections}`, `-d${seconds}s`, `--timeout=${TIMEOUT_S}s`, '--latency'];
  const what = ['-s', SCRIPT, server.url, '--', file];
  const { stdout } = await run(findWrk(), [...how, ...what], {
    signal: stopAsked,
  });
  await rm(file);
  const { failed, refused, ...figures } = readResult(stdout);
  if (failed + refused === 0) return figures;
  const path = requests[0]?.path ?? '';
  const problem = `Of requests like ${path}, ${failed} failed and ${refused} were refused`;
  throw new Error(`${problem}: ${await server.describe()}`);
}

interface Result extends Figures {
  /** Without an answer. */
  failed: number;
  /** Those with a status above 399. */
  refused: number;
}

function readResult(output: string): Result {
  const json = /^RESULT (.*)$/m.exec(output)?.[1];
  if (!json) throw new Error(`wrk gave no result:\n${output}`);
  const { durationS, ...result } = JSON.parse(json) as Omit<Result, 'requestsPerS'> & {
    durationS: number;
  };
  return { ...result, requestsPerS: result.requests / durationS };
}
