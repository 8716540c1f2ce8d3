import { once } from 'node:events';
import { createServer, type IncomingMessage, request as rawRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { testBadInput } from '../support/bad-input.ts';
import { useMiniTwit } from '../support/minitwit.ts';

const { app, database, visitor, user } = useMiniTwit();

testBadInput({ origin: () => app, database: () => database, visitor, user });

test("the first words of every route's address", async () => {
  const words = Array.from(routePaths(), (path) => path.split('/')[1] ?? '');
  const fixed = words.filter((word) => word !== '' && !word.startsWith(':'));
  expect(fixed).toEqual(
    expect.arrayContaining([
      'public',
      'login',
      'logout',
      'register',
      'add_message',
      'avatars',
      'static',
    ]),
  );
  for (const word of fixed) {
    expect((await visitor().register(word, 'pw')).text).toContain('This username is reserved');
  }
});

test.each(['GET', 'OPTIONS'])('no path at all: %s *', async (method) => {
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const asking = rawRequest({ host: '127.0.0.1', port, method, path: '*' }).end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(404);
  server.close();
});

/** The paths of the application's own routes, as Express knows them. */
function routePaths(): string[] {
  return app.router.stack.flatMap(({ route }) => route?.path ?? []);
}
