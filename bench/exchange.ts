import { once } from 'node:events';
import { type IncomingMessage, request as sendHttp } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { bodyOf, headersOf, methodOf, type WebRequest } from './requests.ts';
import type { WebServer } from './servers.ts';

/** A response as the server sent it. */
export interface RawResponse {
  status: number;
  /** Names and values of headers, alternately. */
  headers: string[];
  body: Buffer;
}

/**
 * Sends a request once, and returns the response.
 * @throws Error if the response is not the expected one
 */
export async function exchange(
  server: Pick<WebServer, 'url'>,
  request: WebRequest,
): Promise<RawResponse> {
  const sent = sendHttp(server.url + request.path, {
    method: methodOf(request),
    headers: headersOf(request),
  });
  sent.end(bodyOf(request) ?? undefined);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const body = await buffer(response);
  const { statusCode: status = 0, rawHeaders: headers } = response;
  const raw = { status, headers, body };
  const [expected, actual] = request.form
    ? [302, response.headers.location ?? '']
    : [200, readText(raw)];
  if (status !== expected || !actual.includes(request.expected)) {
    const wanted = `${expected} with “${request.expected}”`;
    throw new Error(`${request.path} returned ${status} instead of ${wanted}:\n${actual}`);
  }
  const isCompressed = findHeader(raw, 'content-encoding') !== undefined;
  if (request.isPlain && isCompressed) throw new Error(`${request.path} is compressed.`);
  return raw;
}

/** Returns the body of a response as text. */
export function readText(response: RawResponse): string {
  const decode = DECODERS[findHeader(response, 'content-encoding') ?? 'identity'];
  if (!decode) throw new Error('The encoding of the response is unknown.');
  return decode(response.body).toString();
}

const DECODERS: Record<string, (body: Buffer) => Buffer> = {
  br: brotliDecompressSync,
  gzip: gunzipSync,
  identity: (body) => body,
};

function findHeader({ headers }: RawResponse, name: string): string | undefined {
  const index = headers.findIndex((each, at) => at % 2 === 0 && each.toLowerCase() === name);
  return index === -1 ? undefined : headers[index + 1];
}
