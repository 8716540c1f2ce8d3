import { writeFile } from 'node:fs/promises';
import { exchange, type RawResponse } from './exchange.ts';
import type { WebRequest } from './requests.ts';
import type { WebServer } from './servers.ts';

/** A response that `node-alone.ts` sends. */
export interface SentResponse {
  status: number;
  /** Names and values of headers, alternately. */
  headers: string[];
  /** The bytes as Latin-1. */
  body: string;
}

// Node adds these headers itself.
const ADDED_HEADERS = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding']);

/** Requests pages from a server, and writes their responses to a file for `node-alone.ts`. */
export async function captureResponses(
  server: Pick<WebServer, 'url'>,
  requests: WebRequest[],
  path: string,
): Promise<void> {
  const responses: SentResponse[] = [];
  for (const request of requests) responses.push(toSentResponse(await exchange(server, request)));
  await writeFile(path, JSON.stringify(responses));
}

function toSentResponse({ status, headers, body }: RawResponse): SentResponse {
  const isSent = headers.map((_, at) => {
    const name = headers[at - (at % 2)] ?? '';
    return !ADDED_HEADERS.has(name.toLowerCase());
  });
  return {
    status,
    headers: headers.filter((_, at) => isSent[at]),
    body: body.toString('latin1'),
  };
}
