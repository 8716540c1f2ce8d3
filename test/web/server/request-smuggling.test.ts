import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpServer } from '../../../src/web/server/http-server.ts';
import { listen } from '../../support/listen.ts';
import { useMiniTwit } from '../../support/minitwit.ts';

const { app } = useMiniTwit();

const SMUGGLED = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const CHUNKS = `0\r\n\r\n${SMUGGLED}`;
const FORM = 'Content-Type: application/x-www-form-urlencoded';
const LENGTH = `Content-Length: ${CHUNKS.length}`;

/** Sends bytes to a server of MiniTwit. Returns the status codes of all responses until the connection is closed. */
async function send(bytes: string): Promise<{ statuses: number[]; text: string }> {
  const { server } = createHttpServer(app, { trustProxy: 0 });
  onTestFinished(() => void server.close());
  const socket = connect(await listen(server), '127.0.0.1').setEncoding('latin1');
  let text = '';
  socket.on('data', (more: string) => (text += more));
  socket.write(bytes);
  await once(socket, 'close');
  const statuses = Array.from(text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm), ([, status]) =>
    Number(status),
  );
  return { statuses, text };
}

const post = (...headers: string[]) =>
  ['POST /login HTTP/1.1', 'Host: x', FORM, ...headers, '', CHUNKS].join('\r\n');

// If a proxy and this server disagree on the end of the first request, one of them finds a second request after it.
test.each([
  ['a length and chunks', post(LENGTH, 'Transfer-Encoding: chunked')],
  ['chunks and a length', post('Transfer-Encoding: chunked', LENGTH)],
  ['two lengths', post(LENGTH, 'Content-Length: 0')],
  ['a list of lengths', post(`${LENGTH}, 0`)],
  ['a length with a sign', post(`Content-Length: +${CHUNKS.length}`)],
  ['a length in hexadecimal', post('Content-Length: 0x0')],
  ['an unknown coding', post('Transfer-Encoding: xchunked')],
  ['chunks that are coded once more', post('Transfer-Encoding: chunked, identity')],
  ['two codings', post('Transfer-Encoding: chunked', 'Transfer-Encoding: identity')],
  ['a space before the colon', post('Transfer-Encoding : chunked', LENGTH)],
  ['a folded header', post('Transfer-Encoding:', ' chunked', LENGTH)],
  ['a line end within a header', post('X: a\nTransfer-Encoding: chunked', LENGTH)],
  ['a carriage return within a header', post('X: a\rTransfer-Encoding: chunked', LENGTH)],
  ['a NUL within a header', post('X: a\0b', LENGTH)],
  ['chunks in HTTP/1.0', post(LENGTH, 'Transfer-Encoding: chunked').replace('1.1', '1.0')],
  [
    'a chunk without its end',
    `${post('Transfer-Encoding: chunked').split('0\r\n')[0]}1\r\naGET ${SMUGGLED}`,
  ],
])('refuses a request with %s, and does not handle the data after it', async (_, bytes) => {
  expect((await send(bytes)).statuses).toEqual([400]);
});

test('handles two requests in one packet', async () => {
  const first = 'GET /nobody HTTP/1.1\r\nHost: x\r\n\r\n';
  expect((await send(first + SMUGGLED)).statuses).toEqual([404, 200]);
});

test('refuses TRACE without an echo of the request', async () => {
  const { statuses, text } = await send(
    'TRACE /public HTTP/1.1\r\nHost: x\r\nX-Secret: s3cret\r\nConnection: close\r\n\r\n',
  );
  expect(statuses).toEqual([405]);
  expect(text).not.toContain('s3cret');
});
