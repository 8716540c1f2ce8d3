import { once } from 'node:events';
import { createServer, type IncomingMessage, request as rawRequest } from 'node:http';
import { expect, test } from 'vitest';
import { USERNAME_ERRORS } from '../../src/web/forms/username.ts';
import { testBadInput } from '../support/bad-input.ts';
import { listen } from '../support/listen.ts';
import { testMail } from '../support/mail.ts';
import { useMiniTwit } from '../support/minitwit.ts';

const { app, database, visitor, user } = useMiniTwit({ mail: testMail });

testBadInput({ origin: () => app, database: () => database, visitor, user });

test('no user can register the first segment of a route', async () => {
  const segments = Array.from(routePaths(), (path) => path.split('/')[1] ?? '');
  const fixed = segments.filter((segment) => segment !== '' && !segment.startsWith(':'));
  expect(fixed).toEqual(
    expect.arrayContaining([
      'public',
      'login',
      'logout',
      'register',
      'settings',
      'report',
      'moderation',
      'add_message',
      'avatars',
      'static',
    ]),
  );
  for (const segment of fixed) {
    expect((await visitor().register(segment, 'pw')).text).toContain(USERNAME_ERRORS.reserved);
  }
});

test.each(['GET', 'OPTIONS'])('%s * returns 404', async (method) => {
  const server = createServer(app);
  const port = await listen(server);
  const sent = rawRequest({ host: '127.0.0.1', port, method, path: '*' }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(404);
  server.close();
});

/** Returns the paths of the application's routes in Express. */
function routePaths(): string[] {
  return app.router.stack.flatMap(({ route }) => route?.path ?? []);
}
