import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { RequestListener } from 'node:http';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { captureLog } from '../../../support/capture-log.ts';
import { listen } from '../../../support/listen.ts';
import { testLimits, useMiniTwit } from '../../../support/minitwit.ts';
import { startTcpProxy } from '../../../support/tcp-proxy.ts';
import { waitFor } from '../../../support/wait-for.ts';

const {
  app,
  user,
  visitor,
  database,
  repositories,
  databaseConfig,
  withSettings,
  anotherInstance,
} = useMiniTwit();
const proxy = await startTcpProxy(databaseConfig);
const PATH = '/settings/export';
const PASSWORD = { current_password: 'a password' };
const MESSAGES = 100_000;
const exportSchema = z.fromJSONSchema(
  JSON.parse(readFileSync('docs/export.schema.json', 'utf8')) as Parameters<
    typeof z.fromJSONSchema
  >[0],
);

beforeAll(async () => {
  await user('writer');
  const writer = await repositories.users.findUser('writer');
  for (let first = 0; first < MESSAGES; first += 10_000) {
    await database.execute('insert into message (author_id, text, pub_date) values :rows', {
      rows: Array.from({ length: 10_000 }, (_, index) => [
        writer?.userId ?? 0,
        `message ${first + index} ${'x'.repeat(250)}`,
        first + index,
      ]),
    });
  }
});

/** Logs a user in, and requests the export. The response is not read. */
async function startExport(instance: RequestListener, username: string): Promise<IncomingMessage> {
  const server = createServer(instance);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${await listen(server)}`;
  const login = await fetch(`${origin}/login`, {
    method: 'POST',
    body: new URLSearchParams({ username, password: 'a password' }),
    redirect: 'manual',
  });
  const cookies = login.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]);
  const sent = request(`${origin}${PATH}`, {
    method: 'POST',
    headers: {
      Cookie: cookies.join('; '),
      'Content-Type': 'application/x-www-form-urlencoded',
    },
  });
  sent.end(String(new URLSearchParams(PASSWORD)));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}

test('the export has all data of a user in the documented format', async () => {
  const alice = await user('alice');
  await user('bob');
  await user('carol');
  await alice.addMessage('the first message, with "quotes" and 🐙');
  await alice.addMessage('the second message');
  await alice.post('/bob/follow');
  const [aliceId, bobId, carolId] = (await Promise.all(
    ['alice', 'bob', 'carol'].map(
      async (name) => (await repositories.users.findUser(name))?.userId ?? 0,
    ),
  )) as [number, number, number];
  await database.execute('insert into block (who_id, whom_id) values (:aliceId, :carolId)', {
    aliceId,
    carolId,
  });
  await database.execute('insert into mute (who_id, whom_id) values (:aliceId, :bobId)', {
    aliceId,
    bobId,
  });
  await database.execute(
    `insert into report (reporter_id, user_id, message_id, reason, text, created_s, closed_s)
     values (:aliceId, :carolId, 0, 'spam', 'Many links.', 10, 20), (:aliceId, :bobId, 7, 'spam', '', 30, null)`,
    { aliceId, bobId, carolId },
  );
  await database.execute(
    `insert into passkey (credential_id, user_id, public_key, counter, name, created_s, used_s)
     values ('x', :aliceId, 'y', 0, 'My phone', 40, 50)`,
    { aliceId },
  );

  const { headers, text: file } = await alice.agent.post(PATH).type('form').send(PASSWORD);
  expect(headers['content-disposition']).toMatch(
    /^attachment; filename=minitwit-\d{4}-\d\d-\d\d\.json$/,
  );
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
  expect(headers['cache-control']).toBe('private, no-store');
  const exported = exportSchema.parse(JSON.parse(file));
  expect(exported).toMatchObject({
    account: {
      username: 'alice',
      email: 'someone@example.com',
      isModerator: false,
      registeredAt: expect.stringMatching(/^20.+Z$/) as string,
      followers: 0,
      following: 1,
      hasAuthenticatorApp: false,
    },
    sessions: [{ browser: '' }],
    passkeys: [
      {
        name: 'My phone',
        createdAt: '1970-01-01T00:00:40.000Z',
        usedAt: '1970-01-01T00:00:50.000Z',
      },
    ],
    following: ['bob'],
    blocked: ['carol'],
    muted: ['bob'],
    reports: [
      {
        username: 'carol',
        messageId: null,
        reason: 'spam',
        text: 'Many links.',
        closedAt: '1970-01-01T00:00:20.000Z',
      },
      { username: 'bob', messageId: 7, closedAt: null },
    ],
    messages: [{ text: 'the first message, with "quotes" and 🐙' }, { text: 'the second message' }],
  });
  // The file has no data of another user, and no secret.
  const { passwordHash = '' } = (await repositories.users.findCredentials('alice')) ?? {};
  expect(file).not.toContain(passwordHash);
  expect(file).not.toContain('message 1 ');
});

test('the export of 100,000 messages is complete and in order', async () => {
  const response = await startExport(app, 'writer');
  const { messages } = exportSchema.parse(JSON.parse(await text(response))) as {
    messages: { text: string }[];
  };
  expect(messages).toHaveLength(MESSAGES);
  messages.forEach((message, index) => {
    if (!message.text.startsWith(`message ${index} `))
      throw new Error(`Message ${index} is missing.`);
  });
});

test('the export stops while its client does not read, and ends with its client', async () => {
  const reads = vi.spyOn(repositories.personalData, 'listOwnMessages');
  onTestFinished(() => reads.mockRestore());
  const response = await startExport(app, 'writer');
  // The buffers of both sockets are full when no further page is read for several requests.
  let before = -1;
  await waitFor('no further page is read', async () => {
    const isSame = before === reads.mock.calls.length;
    before = reads.mock.calls.length;
    for (let time = 0; time < 20; time++) await visitor().get('/public');
    return isSame && before === reads.mock.calls.length && before > 0;
  });
  expect(reads.mock.calls.length).toBeLessThan(MESSAGES / 200 / 2);
  expect(database.state().pool.used).toBe(0);

  // A user has one export at a time.
  const client = visitor();
  await client.login('writer', 'a password');
  const second = await client.post(PATH, PASSWORD);
  expect(second.status).toBe(503);
  expect(second.text).toContain('yours is still running');
  response.destroy();
  await waitFor('the user can export again', async () => {
    const again = await startExport(app, 'writer');
    again.destroy();
    return again.statusCode === 200;
  });
  expect(reads.mock.calls.length).toBeLessThan(MESSAGES / 200);
});

test('a file is incomplete, and its connection is closed, if the database fails', async () => {
  const response = await startExport(anotherInstance(proxy.config), 'writer');
  expect(response.statusCode).toBe(200);
  // No server listens on this port.
  proxy.redirectTo({ ...databaseConfig, port: 1 });
  proxy.disconnectAll();
  const received: Buffer[] = [];
  const failure = await new Promise<unknown>((resolve) => {
    response.on('data', (piece: Buffer) => received.push(piece));
    response.once('error', resolve);
    response.once('end', () => resolve(null));
  });
  expect(failure).toMatchObject({ code: 'ECONNRESET' });
  const file = Buffer.concat(received).toString();
  expect(file).toContain('"format":"minitwit-export"');
  expect(() => JSON.parse(file) as unknown).toThrow(SyntaxError);
});

test('the response is an error page if the database fails before the first byte', async () => {
  const dave = await user('dave');
  const failing = vi
    .spyOn(repositories.personalData, 'listPasskeys')
    .mockRejectedValue(new Error('failed'));
  onTestFinished(() => failing.mockRestore());
  const { status, headers } = await dave.post(PATH, PASSWORD);
  expect(status).toBe(500);
  expect(headers['content-type']).toContain('text/html');
  expect(headers).not.toHaveProperty('content-disposition');
});

test('the export needs a login and the password', async () => {
  expect((await visitor().get(PATH)).status).toBe(401);
  expect((await visitor().post(PATH, PASSWORD)).status).toBe(401);
  const erin = await user('erin');
  expect((await erin.get('/settings')).text).toContain(`href="${PATH}"`);
  expect((await erin.get(PATH)).text).toContain('<h1>Export Your Data</h1>');
  for (const form of [{}, { current_password: 'wrong' }]) {
    const { text: page, headers } = await erin.post(PATH, form);
    expect(page).toContain('<strong>Error:</strong> Invalid password');
    expect(page).toContain('<title>Error: Export Your Data | MiniTwit</title>');
    expect(headers).not.toHaveProperty('content-disposition');
  }
  const other = { ...PASSWORD, signed_in_as: 'writer' };
  expect((await erin.post(PATH, other)).status).toBe(409);
});

test('a user can export five times an hour, and the log has each export', async () => {
  await user('frank');
  const { logger, lines } = captureLog();
  const frank = visitor(withSettings({ rateLimits: testLimits }, logger));
  await frank.login('frank', 'a password');
  for (let time = 0; time < 5; time++) expect((await frank.post(PATH, PASSWORD)).status).toBe(200);
  const { status, headers, text: page } = await frank.post(PATH, PASSWORD);
  expect(status).toBe(429);
  expect(Number(headers['retry-after'])).toBeGreaterThan(3000);
  expect(page).toContain('You have exported your data several times. Please try again in');
  expect(lines.filter((line) => line.includes('"event":"data_exported"'))).toHaveLength(5);
});
