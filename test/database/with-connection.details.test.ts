import { expect, inject, test, vi } from 'vitest';
import { withConnection } from '../../src/database/with-connection.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const config = inject('database');
const proxy = await startTcpProxy(config);

// A statement may be silent for ten times as long: five seconds.
const options = { waitMaxMs: 0, connectTimeoutMs: 500 };

test('a connection stays open while it is idle for longer than a statement may take', async () => {
  const answer = await withConnection(config, options, async (connection) => {
    // The second ping is sent after five seconds.
    const ping = vi.spyOn(connection, 'ping');
    await waitFor('two pings', () => ping.mock.calls.length === 2);
    const [rows] = await connection.query('select 1 as one');
    return rows;
  });
  expect(answer).toEqual([{ one: 1 }]);
});

test('a connection is closed when its statement has no response', async () => {
  const work = withConnection(proxy.config, options, (connection) => {
    proxy.freeze();
    return connection.query('select 1');
  });
  await expect(work).rejects.toThrow(/did not respond within 0 s: the server sends nothing$/);
});
