import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import { open, REQUEST, serve } from './connection.ts';

const MAX_MS = 60_000;

/** Starts a server whose responses the test ends, and opens a connection to it. */
async function openDraining() {
  const responses: ServerResponse[] = [];
  const { server, drain } = await serve((_req, res) => void responses.push(res));
  const { socket, received } = await open(server);
  const request = async () => {
    const count = responses.length;
    socket.write(REQUEST);
    await waitFor('the request arrives', () => responses.length > count);
    return responses[count] as ServerResponse;
  };
  return { server, drain, socket, received, request };
}

test('a connection whose last response announced keep-alive serves another request during the delay', async () => {
  const { drain, socket, received, request } = await openDraining();
  const first = await request();
  // Express-session sends all but the last byte before it stores the session.
  first.write('first');
  await waitFor('the response has begun', () => received.text.includes('first'));
  // The delay does not end in this test.
  void drain.start({ delayMs: MAX_MS, maxMs: MAX_MS });
  first.end();
  await once(first, 'close');
  expect(received.text).toContain('Connection: keep-alive');

  const second = await request();
  second.end('second');
  await once(socket, 'close');
  expect(received.text).toMatch(/Connection: close[^]*second/);
});

test('a connection whose last response announced keep-alive is closed after the delay', async () => {
  const { server, drain, received, request } = await openDraining();
  const response = await request();
  response.write('first');
  await waitFor('the response has begun', () => received.text.includes('first'));
  const drained = drain.start({ delayMs: 0, maxMs: MAX_MS });
  await waitFor('the server accepts no connection', () => !server.listening);
  response.end();
  await drained;
  expect(received.text).toContain('Connection: keep-alive');
});
