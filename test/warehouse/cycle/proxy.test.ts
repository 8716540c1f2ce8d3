import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { listen } from '../../support/listen.ts';
import { startProxy } from './proxy.ts';

test('runs the side effect of a request once if the client repeats the request', async () => {
  const emulator = createServer((_req, res) => res.end('<ok/>'));
  onTestFinished(() => stop(emulator));
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let begun = 0;
  const sideEffect = () => {
    begun++;
    return ended;
  };
  const actions: string[] = [];
  const proxy = await startProxy(
    { url: `http://127.0.0.1:${await listen(emulator)}` },
    { sideEffects: { RunInstances: sideEffect, StopInstances: sideEffect }, overrides: {} },
    actions,
  );
  onTestFinished(() => stop(proxy));
  let received = 0;
  proxy.on('request', (request: IncomingMessage) => request.on('end', () => received++));
  const send = async (body: string) => {
    const { port } = proxy.address() as AddressInfo;
    return (await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body })).text();
  };
  const [run, halt] = ['Action=RunInstances&ClientToken=a', 'Action=StopInstances'];

  const sent = [send(run), send(halt)];
  await expect.poll(() => begun).toBe(2);
  sent.push(send(run), send(halt));
  await expect.poll(() => received).toBe(4);
  end();
  expect(await Promise.all(sent)).toEqual(Array(4).fill('<ok/>'));
  await send(run);
  expect(actions).toEqual(['RunInstances', 'StopInstances']);
  await send(halt);
  expect(actions).toEqual(['RunInstances', 'StopInstances', 'StopInstances']);
});

function stop(server: Server): void {
  server.close();
  server.closeAllConnections();
}
