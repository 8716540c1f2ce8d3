import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { inject, onTestFinished } from 'vitest';
import { useAwsEmulator } from './use-aws-emulator.ts';

/** A request to AWS. */
export interface Asked {
  /** As in policies: `ec2:RunInstances`; `s3:PUT` and the like, since S3 has no names on the way. */
  action: string;
  method: string;
  /** With its query. */
  path: string;
  body: Buffer;
  headers: Record<string, string>;
}

/** What AWS answers. */
export interface Answered {
  status: number;
  body: Buffer | string;
  headers?: Record<string, string>;
}

/** Answers in place of the emulator; `pass` asks that, with the request as it is or another body. */
export type Stand = (
  asked: Asked,
  pass: (body?: Buffer | string) => Promise<Answered>,
) => Promise<Answered> | Answered;

/** An account of AWS's that is empty at first, behind which is an emulator. */
export interface Account {
  id: string;
  /** Everything that was asked for, in order. */
  actions: string[];
  /** Hears of each request before it is answered. */
  onAsk: (action: string) => void;
  /** From now on, answers an action by oneself. The last one that was given stands. */
  stand: (action: string, stand: Stand) => void;
  /** Refuses an action, so often, or always. */
  refuse: (action: string, code: string, how?: { status?: number; times?: number }) => void;
  /** Does what the next such request asks for, and loses the answer as often as the SDK tries. */
  lose: (action: string, times?: number) => void;
}

/** Opens an account for this test, to which the AWS SDK is led. */
export async function openAccount(): Promise<Account> {
  const emulator = inject('aws');
  const id = String(randomInt(100_000_000_000, 999_999_999_999));
  const stands = new Map<string, Stand>();
  const actions: string[] = [];

  const answer = async (request: IncomingMessage): Promise<Answered> => {
    const asked = await readAsked(request);
    actions.push(asked.action);
    account.onAsk(asked.action);
    const pass = (body: Buffer | string = asked.body) =>
      ask(emulator, id, { ...asked, body: Buffer.from(body) });
    return (await stands.get(asked.action)?.(asked, pass)) ?? pass();
  };
  const server = createServer((request, response) => {
    answer(request)
      .then(({ status, headers, body }) => response.writeHead(status, headers).end(body))
      // what has no answer loses its connection; a request that was read leaves it open
      .catch(() => request.socket.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  useAwsEmulator(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

  /** Stands in for so many requests, and then no longer; what stood before is behind it. */
  const standFor = (action: string, times: number, stand: Stand) => {
    const before = stands.get(action);
    let left = times;
    stands.set(action, (asked, pass) => {
      const behind = async (body?: Buffer | string) => before?.(asked, pass) ?? pass(body);
      return left-- > 0 ? stand(asked, behind) : behind();
    });
  };
  const account: Account = {
    id,
    actions,
    onAsk: () => undefined,
    stand: (action, stand) => void stands.set(action, stand),
    refuse: (action, code, { status = 403, times = Infinity } = {}) =>
      standFor(action, times, (asked) => refusal(asked, status, code)),
    lose: (action, times = 1) =>
      standFor(action, times, async (_, pass) => {
        await pass();
        throw new Error('lost');
      }),
  };
  return account;
}

async function readAsked(request: IncomingMessage): Promise<Asked> {
  const body = await buffer(request);
  const { method = '', url: path = '/' } = request;
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  // AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …
  const [, service = 's3'] =
    /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '') ?? [];
  const named =
    new URLSearchParams(body.toString('latin1')).get('Action') ??
    headers['x-amz-target']?.split('.').at(-1) ??
    /\/operation\/(\w+)$/.exec(path)?.[1];
  const name = service === 's3' ? method : named;
  return { action: `${service}:${name}`, method, path, body, headers };
}

async function ask(
  emulator: string,
  account: string,
  { method, path, headers, body }: Omit<Asked, 'action'>,
): Promise<Answered> {
  const hasBody = !['GET', 'HEAD'].includes(method);
  const response = await fetch(`${emulator}${path}`, {
    method,
    headers: { ...without(OF_CONNECTION, headers), 'x-moto-account-id': account },
    ...(hasBody && { body: new Uint8Array(body) }),
  });
  return {
    status: response.status,
    headers: without(OF_CONNECTION, Object.fromEntries(response.headers)),
    body: Buffer.from(await response.arrayBuffer()),
  };
}

// what is said of one connection, and not of what goes over it
const OF_CONNECTION = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'transfer-encoding',
]);

function without(names: Set<string>, headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.has(name)));
}

/** AWS's words for a refusal, in the protocol of the request. */
export function refusal({ headers }: Asked, status: number, code: string): Answered {
  const message = `It was refused: ${code}`;
  if (headers['x-amz-target']) {
    return { status, body: JSON.stringify({ __type: code, message }) };
  }
  const error = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  const isOfEc2 = headers.authorization?.includes('/ec2/');
  const body = isOfEc2
    ? `<Response><Errors>${error}</Errors></Response>`
    : `<ErrorResponse>${error}</ErrorResponse>`;
  return { status, headers: { 'content-type': 'text/xml' }, body };
}
