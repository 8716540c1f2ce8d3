import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text as readText } from 'node:stream/consumers';

/** A side effect after the emulator's response. The request fails if it throws. */
export type SideEffect = (request: URLSearchParams, answer: string) => Promise<void>;

/** Returns a response in place of the emulator's. */
export type ResponseOverride = (request: URLSearchParams, answer: string) => string;

/** The side effects and the response overrides of a proxy, by the names of actions. */
export interface ProxyHooks {
  sideEffects: Record<string, SideEffect>;
  overrides: Record<string, ResponseOverride>;
}

/** Parameters that moto does not support: the size of an image's disk, and the tags of an image's snapshots. */
export const UNKNOWN_TO_MOTO: Record<string, RegExp> = {
  RunInstances: /^BlockDeviceMapping/,
  CreateImage: /^TagSpecification\.2/,
};
const READ_ACTIONS = /^(Describe|Get)/;

/** An emulator of EC2. */
export interface Emulator {
  url: string;
  /** The account of the requests in moto. By default, it is that of the credentials. */
  account?: string;
  /** The parameters that are not forwarded, by the names of actions. */
  unknown?: Record<string, RegExp>;
}

interface Answer {
  status: number;
  text: string;
}

/**
 * Starts a proxy of an emulator on a free loopback port. It records the requested actions. A client repeats a request whose
 * response takes too long, and then gets the same response: as long as the side effect runs, and always if the request has
 * a `ClientToken`.
 */
export async function startProxy(
  { url, account, unknown = {} }: Emulator,
  { sideEffects, overrides }: ProxyHooks,
  actions: string[],
): Promise<Server> {
  const answer = async (request: URLSearchParams, authorization: string): Promise<Answer> => {
    const action = request.get('Action') ?? '';
    const unreported = Array.from(request.keys()).filter((name) => unknown[action]?.test(name));
    for (const name of unreported) request.delete(name);
    // Moto requires a signature, but does not verify it.
    const headers = { authorization, ...(account && { 'x-moto-account-id': account }) };
    const options = { method: 'POST', headers, body: request };
    const answered = await fetch(url, options);
    const text = await answered.text();
    const { status } = answered;
    if (!answered.ok) return { status, text };
    if (READ_ACTIONS.test(action))
      return { status, text: overrides[action]?.(request, text) ?? text };
    actions.push(action);
    await sideEffects[action]?.(request, text);
    return { status, text };
  };

  const answers = new Map<string, Promise<Answer>>();
  const answerOnce = (body: string, authorization: string): Promise<Answer> => {
    const request = new URLSearchParams(body);
    const hasToken = request.has('ClientToken');
    const answered = answers.get(body) ?? answer(request, authorization);
    answers.set(body, answered);
    return answered.finally(() => hasToken || answers.delete(body));
  };

  const server = createServer((incoming, response) => {
    const { authorization = '' } = incoming.headers;
    readText(incoming)
      .then((body) => answerOnce(body, authorization))
      .catch((error: unknown) => ({ status: 400, text: refusal(String(error)) }))
      .then(({ status, text }) =>
        response.writeHead(status, { 'content-type': 'text/xml' }).end(text),
      )
      .catch(() => response.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

/** Returns the text of the first element with a name. */
export function read(answer: string, element: string): string {
  const [, text] = new RegExp(`<${element}>([^<]+)<`).exec(answer) ?? [];
  if (text === undefined) throw new Error(`There is no ${element} in ${answer}`);
  return text;
}

function refusal(message: string): string {
  const text = message.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<Response><Errors><Error><Code>TestFailed</Code><Message>${text}</Message></Error></Errors></Response>`;
}
