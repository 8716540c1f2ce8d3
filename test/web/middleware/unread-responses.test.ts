import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import express from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { createUnreadResponseLimit } from '../../../src/web/middleware/unread-responses.ts';
import { waitFor } from '../../support/wait-for.ts';

// Several times what the buffers of a connection hold.
const ANSWER = Buffer.alloc(12 * 1024 * 1024);

/** Serves a large answer, and connects clients from any address that do not read it. */
async function serve() {
  const addUnread = createUnreadResponseLimit();
  const app = express();
  app.get('/:address', (req, res) => {
    res.end(ANSWER);
    addUnread(res, req.params.address);
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    /** Resolves when the answer is in the server's memory; returns whether its connection has been closed. */
    ask: async (address: string) => {
      const client = connect(port, '127.0.0.1').pause();
      onTestFinished(() => void client.destroy());
      const [[socket]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
      const request = once(server, 'request');
      client.write(`GET /${address} HTTP/1.1\r\nHost: minitwit\r\n\r\n`);
      await request;
      return () => (socket as { destroyed: boolean }).destroyed;
    },
  };
}

test('the oldest unread answers of an address are given up beyond a bound, and those of others are kept', async () => {
  const { ask } = await serve();
  const first = await ask('192.0.2.1');
  const other = await ask('192.0.2.2');
  expect([first(), other()]).toEqual([false, false]);
  const [second, third] = [await ask('192.0.2.1'), await ask('192.0.2.1')];
  await waitFor('the first is closed', first);
  expect([other(), third()]).toEqual([false, false]);
  expect(second()).toBe(true);
});

test('an answer that is read counts no more', async () => {
  const { ask, port } = await serve();
  for (let time = 0; time < 5; time++) {
    const answer = await fetch(`http://127.0.0.1:${port}/192.0.2.1`);
    expect((await answer.arrayBuffer()).byteLength).toBe(ANSWER.length);
  }
  const unread = await ask('192.0.2.1');
  expect(unread()).toBe(false);
});
