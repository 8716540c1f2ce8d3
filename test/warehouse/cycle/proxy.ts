import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text as readText } from 'node:stream/consumers';

/** A side effect after the emulator's response. The request fails if it throws. */
export type Deed = (asked: URLSearchParams, answer: string) => Promise<void>;

/** Returns a response in place of the emulator's. */
export type Look = (asked: URLSearchParams, answer: string) => string;

/** The side effects of an EC2 emulator, by the names of actions. */
export interface Deeds {
  deeds: Record<string, Deed>;
  looks: Record<string, Look>;
}

/** Parameters that moto does not support: the size of an image's disk, and the tags of an image's snapshots. */
export const UNKNOWN_TO_MOTO: Record<string, RegExp> = {
  RunInstances: /^BlockDeviceMapping/,
  CreateImage: /^TagSpecification\.2/,
};
const LOOKS = /^(Describe|Get)/;

/** An emulator of EC2. */
export interface Emulator {
  url: string;
  /** The account of the requests in moto. By default, it is that of the credentials. */
  account?: string;
  /** The parameters that are not forwarded, by the names of actions. */
  unknown?: Record<string, RegExp>;
}

/** Starts a proxy of an emulator on a free loopback port. It records the requested actions. */
export async function startProxy(
  { url, account, unknown = {} }: Emulator,
  { deeds, looks }: Deeds,
  actions: string[],
): Promise<Server> {
  const answer = async (asked: URLSearchParams, authorization: string) => {
    const action = asked.get('Action') ?? '';
    const untold = Array.from(asked.keys()).filter((name) => unknown[action]?.test(name));
    for (const name of untold) asked.delete(name);
    // Moto requires a signature, but does not verify it.
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
