import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import type { Defer } from './cleanup.ts';
import {
  type AwsResponse,
  type AwsRequest,
  readAwsRequest,
  formatAwsError,
} from './aws-request.ts';
import { useAwsEmulator } from './use-aws-emulator.ts';

/** Answers a request; `pass` answers it as it would be without this, with the request's body or another one. */
export type AwsHandler = (
  asked: AwsRequest,
  pass: (body?: Buffer | string) => Promise<AwsResponse>,
) => Promise<AwsResponse> | AwsResponse;

/** Which requests of an action a fault meets: the next `times`, or all that follow, once `after` of them are answered. */
export interface FaultRange {
  times?: number;
  after?: number;
}

/** A server of the tests that answers in AWS's place. */
export interface AwsStub {
  /** Every action that was requested, in order. */
  actions: string[];
  /** Is called with each action before it is answered. */
  onRequest: (action: string) => void;
  /** From now on, answers an action by this function. The last function that was given counts. */
  stub: (action: string, stand: AwsHandler) => void;
  /** Refuses an action: all its requests, unless `times` limits them. */
  fail: (action: string, code: string, how?: FaultRange & { status?: number }) => void;
  /** Does what an action's next request asks for, or so many, but loses the answer. */
  loseResponse: (action: string, when?: FaultRange) => void;
  /** Ends all refusals and losses. */
  clearFaults: () => void;
  /** Waits until every request is answered, also those that their clients have given up. */
  waitUntilIdle: () => Promise<void>;
}

/** Answers the requests that no `stand` answers, since the test does not define them. */
const refuseAll = (asked: AwsRequest) => formatAwsError(asked, 400, 'NotScripted');

/**
 * Starts a server in AWS's place, to which AWS's SDK is led.
 * @param rest answers what no `stand` answers; by default, it is refused
 * @param defer where the end of the server is registered: `afterAll` for one that serves a whole file
 */
export async function startAwsStub(
  rest: (asked: AwsRequest) => Promise<AwsResponse> | AwsResponse = refuseAll,
  defer: Defer = onTestFinished,
): Promise<AwsStub> {
  const stands = new Map<string, AwsHandler>();
  let faults: Fault[] = [];
  const answer = async (request: IncomingMessage): Promise<AwsResponse> => {
    const asked = await readAwsRequest(request);
    front.actions.push(asked.action);
    front.onRequest(asked.action);
    const atLast = async (body: Buffer | string = asked.body) =>
      rest({ ...asked, body: Buffer.from(body) });
    const usual = async () => stands.get(asked.action)?.(asked, atLast) ?? atLast();
    const met = faults.filter((fault) => fault.action === asked.action && fault.meets());
    return met.at(-1)?.answer(asked, usual) ?? usual();
  };
  const underWay = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const answered = answer(request)
      .then(({ status, headers, body }) => void response.writeHead(status, headers).end(body))
      // A request whose answer is lost loses its connection.
      .catch(() => void request.socket.destroy())
      .finally(() => underWay.delete(answered));
    underWay.add(answered);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  defer(() => {
    server.closeAllConnections();
    server.close();
    // Files that a worker runs later are led elsewhere.
    vi.unstubAllEnvs();
  });
  useAwsEmulator(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

  const front: AwsStub = {
    actions: [],
    onRequest: () => undefined,
    stub: (action, stand) => void stands.set(action, stand),
    fail: (action, code, { status = 403, ...when } = {}) => {
      const refuse = (asked: AwsRequest) => formatAwsError(asked, status, code);
      faults.push({ action, meets: counter({ times: Infinity, ...when }), answer: refuse });
    },
    loseResponse: (action, when = {}) =>
      void faults.push({ action, meets: counter({ times: 1, ...when }), answer: lose }),
    clearFaults: () => (faults = []),
    waitUntilIdle: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
  return front;
}

/** A fault of some requests of an action. */
interface Fault {
  action: string;
  /** Is called for each request of the action. */
  meets: () => boolean;
  answer: AwsHandler;
}

function counter({ times, after = 0 }: FaultRange & { times: number }): () => boolean {
  let nth = 0;
  return () => (nth += 1) > after && nth <= after + times;
}

const lose: AwsHandler = async (_, usual) => {
  await usual();
  throw new Error('The answer is lost.');
};
