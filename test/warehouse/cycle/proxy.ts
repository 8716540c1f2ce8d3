import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text as readText } from 'node:stream/consumers';

/** What is done once the emulator has answered; fails the request when it fails. */
export type Deed = (asked: URLSearchParams, answer: string) => Promise<void>;

/** What is answered in place of the emulator's answer. */
export type Look = (asked: URLSearchParams, answer: string) => string;

/** What happens beside an emulator of EC2, by the names of actions. */
export interface Deeds {
  deeds: Record<string, Deed>;
  looks: Record<string, Look>;
}

/** What moto fails at: the size of what an image starts from, and an image's snapshots' tags. */
export const UNKNOWN_TO_MOTO: Record<string, RegExp> = {
  RunInstances: /^BlockDeviceMapping/,
  CreateImage: /^TagSpecification\.2/,
};
const LOOKS = /^(Describe|Get)/;

/** An emulator of EC2. */
export interface Emulator {
  url: string;
  /** The account in which moto does what is requested; by default, that of its credentials. */
  account?: string;
  /** The parameters that it is not told, by the names of actions. */
  unknown?: Record<string, RegExp>;
}

/** Starts a server before an emulator, on a free loopback port, that notes what it is told to do. */
export async function startProxy(
  { url, account, unknown = {} }: Emulator,
  { deeds, looks }: Deeds,
  actions: string[],
): Promise<Server> {
  const answer = async (asked: URLSearchParams, authorization: string) => {
    const action = asked.get('Action') ?? '';
    const untold = Array.from(asked.keys()).filter((name) => unknown[action]?.test(name));
    for (const name of untold) asked.delete(name);
    // it wants a signature, and does not look at it
    const headers = { authorization, ...(account && { 'x-moto-account-id': account }) };
    const options = { method: 'POST', headers, body: asked };
    const answered = await fetch(url, options);
    const text = await answered.text();
    const { status } = answered;
    if (!answered.ok) return { status, text };
    if (LOOKS.test(action)) return { status, text: looks[action]?.(asked, text) ?? text };
    actions.push(action);
    await deeds[action]?.(asked, text);
    return { status, text };
  };

  const server = createServer((request, response) => {
    const { authorization = '' } = request.headers;
    readText(request)
      .then((body) => answer(new URLSearchParams(body), authorization))
      .catch((error: unknown) => ({ status: 400, text: refusal(String(error)) }))
      .then(({ status, text }) =>
        response.writeHead(status, { 'content-type': 'text/xml' }).end(text),
      )
      .catch(() => response.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

/** The text of the first such element in an answer. */
export function read(answer: string, element: string): string {
  const [, text] = new RegExp(`<${element}>([^<]+)<`).exec(answer) ?? [];
  if (text === undefined) throw new Error(`There is no ${element} in ${answer}`);
  return text;
}

function refusal(message: string): string {
  const text = message.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<Response><Errors><Error><Code>TestFailed</Code><Message>${text}</Message></Error></Errors></Response>`;
}
