import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import {
  type AwsRequest,
  type AwsResponse,
  formatAwsError,
  readAwsRequest,
} from './aws-request.ts';
import type { Defer } from './cleanup.ts';
import { useAwsEmulator } from './use-aws-emulator.ts';

/** Responds to a request. `pass` returns the response without this handler, for the request's body or another one. */
export type AwsHandler = (
  request: AwsRequest,
  pass: (body?: Buffer | string) => Promise<AwsResponse>,
) => Promise<AwsResponse> | AwsResponse;

/** The requests of an action that a fault affects: the first `after` requests succeed, and the next `times` fail. */
export interface FaultRange {
  times?: number;
  after?: number;
}

/** A server that replaces AWS in a test, and injects faults. */
export interface AwsStub {
  url: string;
  /** The actions of all requests, in order. */
  actions: string[];
  /** Called with each action before its response. */
  onRequest: (action: string) => void;
  /** Sets the handler of an action. It replaces an earlier handler. */
  stub: (action: string, handler: AwsHandler) => void;
  /** Makes requests of an action fail with an error code. By default, all of them fail, with status 403. */
  fail: (action: string, code: string, how?: FaultRange & { status?: number }) => void;
  /** Handles requests of an action, but closes the connection without a response. By default, the next request. */
  loseResponse: (action: string, range?: FaultRange) => void;
  /** Neither handles nor answers requests of an action. By default, the next request. */
  hang: (action: string, range?: FaultRange) => void;
  /** Removes the faults of an action, or of all actions. */
  clearFaults: (action?: string) => void;
  /** Waits until all requests have a response, including those that their clients have aborted. */
  waitUntilIdle: () => Promise<void>;
}

/** Refuses the requests of actions for which the test has no handler. */
const refuseAll = (request: AwsRequest) => formatAwsError(request, 400, 'NotScripted');

/**
 * Starts a server to which the AWS SDK sends its requests until the cleanup.
 * @param defaultHandler handles the actions without a handler. By default, they are refused
 * @param defer by default, the server stops at the end of the test
 */
export async function startAwsStub(
  defaultHandler: (request: AwsRequest) => Promise<AwsResponse> | AwsResponse = refuseAll,
  defer: Defer = onTestFinished,
): Promise<AwsStub> {
  const handlers = new Map<string, AwsHandler>();
  let faults: Fault[] = [];
  const respond = async (message: IncomingMessage): Promise<AwsResponse> => {
    const request = await readAwsRequest(message);
    aws.actions.push(request.action);
    aws.onRequest(request.action);
    const passToDefault = async (body: Buffer | string = request.body) =>
      defaultHandler({ ...request, body: Buffer.from(body) });
    const handle = async () =>
      handlers.get(request.action)?.(request, passToDefault) ?? passToDefault();
    const active = faults.filter(({ action, isHit }) => action === request.action && isHit());
    return active.at(-1)?.handler(request, handle) ?? handle();
  };
  const pending = new Set<Promise<void>>();
  const server = createServer((message, response) => {
    const answered = respond(message)
      .then(({ status, headers, body }) => void response.writeHead(status, headers).end(body))
      .catch(() => void message.socket.destroy())
      .finally(() => pending.delete(answered));
    pending.add(answered);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  defer(() => {
    server.closeAllConnections();
    server.close();
    // Other test files of this worker need their own environment.
    vi.unstubAllEnvs();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  useAwsEmulator(url);

  const addFault = (action: string, range: Required<FaultRange>, handler: AwsHandler) =>
    void faults.push({ action, isHit: createRangeCounter(range), handler });
  const aws: AwsStub = {
    url,
    actions: [],
    onRequest: () => undefined,
    stub: (action, handler) => void handlers.set(action, handler),
    fail: (action, code, { status = 403, times = Infinity, after = 0 } = {}) =>
      addFault(action, { times, after }, (request) => formatAwsError(request, status, code)),
    loseResponse: (action, { times = 1, after = 0 } = {}) =>
      addFault(action, { times, after }, loseResponse),
    hang: (action, { times = 1, after = 0 } = {}) => addFault(action, { times, after }, hang),
    clearFaults: (action) => {
      faults = action === undefined ? [] : faults.filter((fault) => fault.action !== action);
    },
    waitUntilIdle: async () => {
      while (pending.size > 0) await Promise.all(pending);
    },
  };
  return aws;
}

interface Fault {
  action: string;
  /** Called for each request of the action. Returns whether the fault affects it. */
  isHit: () => boolean;
  handler: AwsHandler;
}

function createRangeCounter({ times, after }: Required<FaultRange>): () => boolean {
  let count = 0;
  return () => (count += 1) > after && count <= after + times;
}

const loseResponse: AwsHandler = async (_request, handle) => {
  await handle();
  throw new Error('The response is lost.');
};

const hang: AwsHandler = () => new Promise(() => undefined);
