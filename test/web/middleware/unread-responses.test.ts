import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import express from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { createUnreadResponseLimit } from '../../../src/web/middleware/unread-responses.ts';
import { listen } from '../../support/listen.ts';
import { waitFor } from '../../support/wait-for.ts';

// Several times as much as the buffers of a connection hold.
const BODY = Buffer.alloc(12 * 1024 * 1024);

/** Serves a large response to clients that do not read it. */
async function serve() {
  const trackUnread = createUnreadResponseLimit();
  const app = express();
  app.get('/:address', (req, res) => {
    res.end(BODY);
    trackUnread(res, req.params.address);
  });
  const server = createServer(app);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const port = await listen(server);
  return {
    port,
    /** Sends a request. Returns a function that returns whether the server has closed the connection. */
    send: async (address: string) => {
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

test('closes the connections with the oldest unread responses of an address beyond 16 MB, and no others', async () => {
  const { send } = await serve();
  const first = await send('192.0.2.1');
  const other = await send('192.0.2.2');
  expect([first(), other()]).toEqual([false, false]);
  const [second, third] = [await send('192.0.2.1'), await send('192.0.2.1')];
  await waitFor('the first is closed', first);
  expect([other(), third()]).toEqual([false, false]);
  expect(second()).toBe(true);
});

test('does not count a response that was read', async () => {
  const { send, port } = await serve();
  for (let time = 0; time < 5; time++) {
    const response = await fetch(`http://127.0.0.1:${port}/192.0.2.1`);
    expect((await response.arrayBuffer()).byteLength).toBe(BODY.length);
  }
  const unread = await send('192.0.2.1');
  expect(unread()).toBe(false);
});
