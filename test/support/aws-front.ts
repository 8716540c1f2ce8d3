import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import type { AtEnd } from './at-end.ts';
import { type Answered, type Asked, readAsked, refusal } from './aws-request.ts';
import { useAwsEmulator } from './use-aws-emulator.ts';

/** Answers a request; `pass` answers it as it would be without this, with the request's body or another one. */
export type Stand = (
  asked: Asked,
  pass: (body?: Buffer | string) => Promise<Answered>,
) => Promise<Answered> | Answered;

/** Which requests of an action a fault meets: the next `times`, or all that follow, once `after` of them are answered. */
export interface When {
  times?: number;
  after?: number;
}

/** A server of the tests that answers in AWS's place. */
export interface Front {
  /** Every action that was requested, in order. */
  actions: string[];
  /** Is called with each action before it is answered. */
  onAsk: (action: string) => void;
  /** From now on, answers an action by this function. The last function that was given counts. */
  stand: (action: string, stand: Stand) => void;
  /** Refuses an action: all its requests, unless `times` limits them. */
  refuse: (action: string, code: string, how?: When & { status?: number }) => void;
  /** Does what an action's next request asks for, or so many, but loses the answer. */
  lose: (action: string, when?: When) => void;
  /** Ends all refusals and losses. */
  heal: () => void;
  /** Waits until every request is answered, also those that their clients have given up. */
  settled: () => Promise<void>;
}

/** Answers what no `stand` answers: the test has not said what AWS does there. */
const refuseAll = (asked: Asked) => refusal(asked, 400, 'NotScripted');

/**
 * Starts a server in AWS's place, to which AWS's SDK is led.
 * @param rest answers what no `stand` answers; by default, it is refused
 * @param atEnd where the end of the server is registered: `afterAll` for one that serves a whole file
 */
export async function openFront(
  rest: (asked: Asked) => Promise<Answered> | Answered = refuseAll,
  atEnd: AtEnd = onTestFinished,
): Promise<Front> {
  const stands = new Map<string, Stand>();
  let faults: Fault[] = [];
  const answer = async (request: IncomingMessage): Promise<Answered> => {
    const asked = await readAsked(request);
    front.actions.push(asked.action);
    front.onAsk(asked.action);
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
  atEnd(() => {
    server.closeAllConnections();
    server.close();
    // Files that a worker runs later are led elsewhere.
    vi.unstubAllEnvs();
  });
  useAwsEmulator(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

  const front: Front = {
    actions: [],
    onAsk: () => undefined,
    stand: (action, stand) => void stands.set(action, stand),
    refuse: (action, code, { status = 403, ...when } = {}) => {
      const refuse = (asked: Asked) => refusal(asked, status, code);
      faults.push({ action, meets: counter({ times: Infinity, ...when }), answer: refuse });
    },
    lose: (action, when = {}) =>
      void faults.push({ action, meets: counter({ times: 1, ...when }), answer: lose }),
    heal: () => (faults = []),
    settled: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
  return front;
}

/** What goes wrong with some requests of an action. */
interface Fault {
  action: string;
  /** Is called for each request of the action. */
  meets: () => boolean;
  answer: Stand;
}

function counter({ times, after = 0 }: When & { times: number }): () => boolean {
  let nth = 0;
  return () => (nth += 1) > after && nth <= after + times;
}

const lose: Stand = async (_, usual) => {
  await usual();
  throw new Error('The answer is lost.');
};
