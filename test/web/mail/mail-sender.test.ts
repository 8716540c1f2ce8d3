import { createServer, type Socket } from 'node:net';
import type { SMTPServerOptions } from 'smtp-server';
import { expect, onTestFinished, test } from 'vitest';
import type { RateLimitConfig } from '../../../src/config/config.ts';
import type { MailConfig, SmtpConfig } from '../../../src/config/mail-settings.ts';
import { openDatabase } from '../../../src/database/database.ts';
import { addMail, type NewMail, RETRY_MIN_S } from '../../../src/repositories/mails.ts';
import { createRateLimitCounters } from '../../../src/repositories/rate-limit-counters.ts';
import { createRateLimits } from '../../../src/repositories/rate-limits.ts';
import { createRepositories } from '../../../src/repositories/repositories.ts';
import { createWriteNotice } from '../../../src/web/mail/letters.ts';
import { startMailSender } from '../../../src/web/mail/mail-sender.ts';
import { captureLog } from '../../support/capture-log.ts';
import { useCleanup } from '../../support/cleanup.ts';
import { useDatabase } from '../../support/database.ts';
import { listen } from '../../support/listen.ts';
import { testLimits } from '../../support/minitwit.ts';
import { startSmtpServer } from '../../support/smtp-server.ts';
import { waitFor } from '../../support/wait-for.ts';

const { config, database } = useDatabase();
const repositories = createRepositories(database);
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
const letter: NewMail = {
  recipient: 'a@example.com',
  subject: 'News',
  text: 'Hello\n',
  link: null,
};

/** Starts a sender for this test. */
function startSender(smtp: SmtpConfig, from = repositories, limits: RateLimitConfig | null = null) {
  const mail: MailConfig = { smtp, from: 'noreply@example.com', siteUrl: 'https://example.com' };
  const { logger, lines } = captureLog();
  const rateLimits = createRateLimits(createRateLimitCounters(database), limits, logger);
  const sender = startMailSender(mail, from, rateLimits, logger, { pollMs: 10 });
  onTestFinished(() => sender.stop());
  return { ...sender, lines };
}

async function startServer(...options: Parameters<typeof startSmtpServer>) {
  const server = await startSmtpServer(...options);
  onTestFinished(() => server.close());
  return server;
}

const makeDue = () =>
  database.execute('update mail set due_s = due_s - :wait', { wait: RETRY_MIN_S });
const isOutboxEmpty = async () => (await repositories.mails.countMails()) === 0;

function refusal(responseCode: number): Error {
  return Object.assign(new Error('a@example.com is refused'), { responseCode });
}

test('sends a stored mail, and deletes it', async () => {
  const { smtp, received } = await startServer();
  await addMail(database, letter);
  const { counts } = startSender(smtp);
  await waitFor('the mail is deleted', isOutboxEmpty);
  expect(received).toMatchObject([{ recipients: ['a@example.com'], text: 'Hello\n' }]);
  const [mail] = received;
  expect(mail?.source).toMatch(/^From: noreply@example\.com$/m);
  expect(mail?.source).toMatch(/^To: a@example\.com$/m);
  expect(mail?.source).toMatch(/^Subject: News$/m);
  expect(mail?.source).toMatch(/^Auto-Submitted: auto-generated$/m);
  expect(mail?.source).toMatch(/^Message-ID: <\d+\.\d+@example\.com>$/m);
  expect(counts()).toEqual({ sent: 1, failed: 0 });
});

test.each([
  'Bcc: victim@example.com',
  'x\u0085Bcc: victim@example.com',
  '=?utf-8?q?x=0ABcc:_victim@example.com?=',
  '$& {{ 7*7 }} <b>',
  'żółw 🐢',
])('a user whose name is %j adds no header and no recipient', async (username) => {
  const { smtp, received } = await startServer();
  const user = { username, email: 'a@example.com' };
  const writeNotice = createWriteNotice({ smtp, from: '', siteUrl: 'https://example.com' });
  await addMail(database, writeNotice(user, 'Your password was changed.'));
  startSender(smtp);
  await waitFor('the mail is deleted', isOutboxEmpty);
  expect(received[0]?.recipients).toEqual(['a@example.com']);
  expect(received[0]?.source).not.toMatch(/^bcc:/im);
  expect(received[0]?.text).toContain(`Hello ${username},`);
});

test.each(['b,victim@example.com', '"b" victim@example.com', 'b;victim@example.com'])(
  'an address such as %s is one recipient',
  async (recipient) => {
    const { smtp, received } = await startServer();
    await addMail(database, { ...letter, recipient });
    const { counts } = startSender(smtp);
    await waitFor('an attempt', () => counts().sent + counts().failed === 1);
    expect(received.flatMap(({ recipients }) => recipients)).not.toContain('victim@example.com');
    await database.execute('delete from mail');
  },
);

test('a mail waits while the mail server is away', async () => {
  const away = await startServer();
  await away.close();
  await addMail(database, letter);
  const first = startSender(away.smtp);
  await waitFor('a failed attempt', () => first.counts().failed === 1);
  await first.stop();
  expect(first.lines.join('')).toContain('ECONNREFUSED');

  const { smtp, received } = await startServer();
  await makeDue();
  startSender(smtp);
  await waitFor('the mail is deleted', isOutboxEmpty);
  expect(received).toHaveLength(1);
});

test('a mail waits while the server refuses it with a status of 4xx', async () => {
  let attempts = 0;
  const { smtp, received } = await startServer({
    onRcptTo: (_address, _session, done) => done(attempts++ === 0 ? refusal(450) : null),
  });
  await addMail(database, letter);
  const { counts, lines } = startSender(smtp);
  await waitFor('a failed attempt', () => counts().failed === 1);
  expect(await isOutboxEmpty()).toBe(false);
  await makeDue();
  await waitFor('the mail is deleted', isOutboxEmpty);
  expect(received).toHaveLength(1);
  expect(lines.join('')).toMatch(/"command":"RCPT TO","responseCode":450/);
  expect(lines.join('')).not.toContain('a@example.com');
});

test.each(['onRcptTo', 'onData'] as const)(
  'a mail that the server refuses with a status of 5xx is dropped: %s',
  async (step) => {
    const { smtp } = await startServer({
      [step]: (
        stream: { resume?: () => void },
        _session: unknown,
        done: (error: Error) => void,
      ) => {
        stream.resume?.();
        done(refusal(550));
      },
    });
    await addMail(database, letter);
    const { lines } = startSender(smtp);
    await waitFor('the mail is deleted', isOutboxEmpty);
    expect(lines.join('')).toMatch(/"responseCode":550,"msg":"A mail was dropped\."/);
    expect(lines.join('')).not.toContain('a@example.com');
  },
);

test('a mail waits while the server refuses the login, and the log has no password', async () => {
  const { smtp } = await startServer({
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: (_auth, _session, done) => done(refusal(535)),
  });
  await addMail(database, letter);
  const auth = { user: 'a-user', pass: 'a-password' };
  const { counts, lines } = startSender({ ...smtp, auth });
  await waitFor('a failed attempt', () => counts().failed === 1);
  expect(await isOutboxEmpty()).toBe(false);
  expect(lines.join('')).toMatch(/"code":"EAUTH","command":"AUTH PLAIN","responseCode":535/);
  expect(lines.join('')).not.toMatch(/a-password|a-user/);
  expect(lines.join('')).not.toContain(Buffer.from('\0a-user\0a-password').toString('base64'));
  await database.execute('delete from mail');
});

test.each<[what: string, security: SmtpConfig['security'], options: SMTPServerOptions]>([
  ['offers no TLS', 'starttls', {}],
  ['has a wrong certificate', 'starttls', { hideSTARTTLS: false }],
  ['has a wrong certificate from the start', 'tls', { secure: true }],
])('a mail waits while the server %s', async (_what, security, options) => {
  const { smtp, received } = await startServer({ ...options, logger: false });
  await addMail(database, letter);
  const { counts, lines } = startSender({ ...smtp, security });
  await waitFor('a failed attempt', () => counts().failed === 1);
  expect(await isOutboxEmpty()).toBe(false);
  expect(received).toEqual([]);
  expect(lines.join('')).toMatch(/"code":"(ETLS|ESOCKET)"/);
  await database.execute('delete from mail');
});

test('an address gets at most 20 mails without a link in an hour, and mails with links', async () => {
  const notices = Array.from({ length: 22 }, (_, index) => ({
    ...letter,
    recipient: index % 2 ? 'Alice@example.com' : 'alice@example.com',
  }));
  for (const notice of notices) await addMail(database, notice);
  await addMail(database, { ...letter, recipient: 'bob@example.com' });
  const newUser = { username: 'alice', email: 'alice@example.com', passwordHash: 'x' };
  const userId = await repositories.users.createUser(newUser);
  const link = { userId, purpose: 'reset' } as const;
  await addMail(database, { ...letter, recipient: 'alice@example.com', subject: 'Link', link });
  const { smtp, received } = await startServer();
  const { lines } = startSender(smtp, repositories, testLimits);
  await waitFor('all mails are deleted', isOutboxEmpty);
  expect(received).toHaveLength(22);
  expect(received.map(({ text }) => text)).toHaveLength(22);
  expect(lines.join('').match(/"limit":"notice"/g)).toHaveLength(2);
  expect(lines.join('')).not.toContain('example.com');
});

test('a failed attempt does not count as a mail to the address', async () => {
  const away = await startServer();
  await away.close();
  const limits = { ...testLimits };
  for (let index = 0; index < 20; index++) {
    await addMail(database, { ...letter, recipient: 'carol@example.com' });
  }
  const first = startSender(away.smtp, repositories, limits);
  await waitFor('all attempts failed', () => first.counts().failed === 20);
  await first.stop();
  await makeDue();
  const { smtp, received } = await startServer();
  startSender(smtp, repositories, limits);
  await waitFor('all mails are deleted', isOutboxEmpty);
  expect(received).toHaveLength(20);
});

test('a mail that is three days old is dropped', async () => {
  const { smtp, received } = await startServer();
  await addMail(database, letter);
  await database.execute('update mail set created_s = created_s - 260000');
  const { lines } = startSender(smtp);
  await waitFor('the mail is deleted', isOutboxEmpty);
  expect(received).toEqual([]);
  expect(lines.join('')).toContain('It could not be sent for three days.');
});

test('a mail is sent again if its sender ended before it deleted the mail', async () => {
  const { smtp, received } = await startServer();
  await addMail(database, letter);
  const mails = {
    ...repositories.mails,
    deleteMail: () => Promise.reject(new Error('the process ended')),
  };
  const first = startSender(smtp, { ...repositories, mails });
  await waitFor('the mail is sent', () => received.length === 1);
  await first.stop();
  await makeDue();
  startSender(smtp);
  await waitFor('the mail is deleted', isOutboxEmpty);
  const ids = received.map(({ source }) => /^Message-ID: .*$/m.exec(source)?.[0]);
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
});

test('two senders send each mail once', async () => {
  const { smtp, received } = await startServer();
  const recipients = Array.from({ length: 30 }, (_, index) => `${index}@example.com`);
  for (const recipient of recipients) await addMail(database, { ...letter, recipient });
  startSender(smtp);
  startSender(smtp, createRepositories(otherDatabase));
  await waitFor('all mails are deleted', isOutboxEmpty);
  expect(received.flatMap((mail) => mail.recipients).toSorted()).toEqual(recipients.toSorted());
});

test('stop() waits for a mail that is being sent', async () => {
  let finish: (() => void) | undefined;
  const { smtp } = await startServer({
    onData(stream, _session, done) {
      stream.resume();
      finish = done;
    },
  });
  await addMail(database, letter);
  const sender = startSender(smtp);
  await waitFor('the server has received the mail', () => finish !== undefined);
  const stopped = sender.stop().then(() => 'stopped');
  expect(await Promise.race([stopped, isOutboxEmpty()])).toBe(false);
  finish?.();
  await stopped;
  expect(await isOutboxEmpty()).toBe(true);
});

test('a mail server that never responds delays no mail of another process', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
  const port = await listen(silent);
  onTestFinished(() => void silent.close());
  await addMail(database, letter);
  const slow = startSender({ host: '127.0.0.1', port, security: 'none', auth: null });
  await waitFor('a connection', () => sockets.length === 1);

  const { smtp, received } = await startServer();
  await addMail(database, { ...letter, recipient: 'b@example.com' });
  startSender(smtp);
  await waitFor('the other mail', () => received.length === 1);
  expect(received[0]?.recipients).toEqual(['b@example.com']);
  for (const socket of sockets) socket.destroy();
  await waitFor('a failed attempt', () => slow.counts().failed === 1);
  await database.execute('delete from mail');
});
