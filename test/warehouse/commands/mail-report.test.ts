import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SMTPServerOptions } from 'smtp-server';
import { beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { readSenderConfig, type SmtpConfig } from '../../../src/config/mail-settings.ts';
import { mailReport, parseAddresses } from '../../../src/warehouse/commands/mail-report.ts';
import { reportFolder } from '../../../src/warehouse/report/folders.ts';
import { writeReport } from '../../../src/warehouse/report/write.ts';
import { listen } from '../../support/listen.ts';
import { startSmtpServer } from '../../support/smtp-server.ts';
import { pastRunOf, reportOf, statisticOf } from '../report/sample-report.ts';

const RUN = '20261123T001500Z-0000';
const previous = pastRunOf('2026-11-16T00:15:00.000Z', { people: 1000, active_week: 0 });
const report = {
  ...reportOf([statisticOf('totals', ['people', 'active_week'], [[1_000_100, 8]])], {
    run: previous.run,
    asOf: previous.asOf,
    totals: previous.figures,
  }),
  run: RUN,
};

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-mail-report-'));
  return () => rm(folder, { recursive: true });
});
beforeEach(async () => {
  path = await writeReport(reportFolder(folder, RUN), report);
});

async function startServer(options?: SMTPServerOptions) {
  const server = await startSmtpServer(options);
  onTestFinished(() => server.close());
  return server;
}

/** Mails the report, and returns the printed lines. */
async function send(smtp: SmtpConfig, addresses: string[], bucket: string | null = null) {
  const printed: string[] = [];
  const print = (line: string) => void printed.push(line);
  const from = 'MiniTwit <noreply@example.com>';
  await mailReport({ smtp, from, addresses, folder, bucket, print });
  return printed;
}

/** Returns the decoded parts of a mail by their content types. */
function partsOf(source: string): Record<string, string> {
  const parts = source.replaceAll('\r\n', '\n').split(/\n--[^\n]*\n/);
  return Object.fromEntries(
    parts.map((part) => {
      const [headers = '', ...body] = part.split('\n\n');
      const [, type = ''] = /^content-type: ([^;\n]*)/im.exec(headers) ?? [];
      const isBase64 = /^content-transfer-encoding: base64$/im.test(headers);
      const name = /filename=/.test(headers) ? 'attachment' : type;
      const text = isBase64
        ? Buffer.from(body.join(''), 'base64').toString('utf8')
        : decodeQuotedPrintable(body.join('\n\n'));
      return [name, text];
    }),
  );
}

function decodeQuotedPrintable(text: string): string {
  const bytes = text
    .replaceAll('=\n', '')
    .replaceAll(/=([\dA-F]{2})/g, (_match, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

test('a mail to all addresses has the key figures, their growth and the report', async () => {
  const { smtp, received } = await startServer();
  const addresses = ['a@example.com', 'b@example.com'];
  expect(await send(smtp, addresses, 'minitwit-reports')).toEqual([
    'Mailed the report to a@example.com, b@example.com.',
  ]);
  expect(received.map(({ recipients }) => recipients)).toEqual([addresses]);
  const source = received[0]?.source ?? '';
  expect(source).toMatch(/^Subject: MiniTwit in numbers: 23 Nov 2026\r$/m);
  expect(source).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  const parts = partsOf(source);
  expect(parts['text/plain']).toContain(
    'users: 1,000,100\n  +999,100 (+99,910\u00a0%) since 16 Nov\n' +
      'posted in 7 days: 8\n  +8 since 16 Nov\n',
  );
  expect(parts['text/plain']).toContain(
    `The report is attached. All files of the run ${RUN} are in ${reportFolder(folder, RUN)} and in s3://minitwit-reports/runs/${RUN}/.`,
  );
  expect(parts['text/html']).toMatch(/users<\/th>\s*<td[^>]*><strong>1,000,100<\/strong>/);
  expect(parts['text/html']).toContain('+999,100 (+99,910\u00a0%) since 16 Nov');
  expect(parts.attachment).toMatch(/^<!doctype html>[^]*<h1>MiniTwit in numbers<\/h1>/);
});

test('a report above five megabytes is not attached', async () => {
  await truncate(path, 5 * 1024 * 1024 + 1);
  const { smtp, received } = await startServer();
  await send(smtp, ['a@example.com']);
  const parts = partsOf(received[0]?.source ?? '');
  expect(parts['text/plain']).toContain(
    `The report is too large for a mail. It and all other files of the run ${RUN} are in ${reportFolder(folder, RUN)}.`,
  );
  expect(parts.attachment).toBeUndefined();
});

test('the message of a refused mail names the report, and repeats no answer of the server', async () => {
  const { smtp } = await startServer({
    onMailFrom: (_address, _session, done) => done(new Error('a secret in the answer')),
  });
  const message = `The mail server 127.0.0.1:${smtp.port} did not accept the report: it answered MAIL FROM with 550. The run is complete, and its report is in ${reportFolder(folder, RUN)}.`;
  await expect(send(smtp, ['a@example.com'])).rejects.toThrow(message);
});

test('the message names the addresses that the server refuses, and the others get the mail', async () => {
  const { smtp, received } = await startServer({
    onRcptTo: ({ address }, _session, done) =>
      done(address.startsWith('bad') ? new Error('no such mailbox') : null),
  });
  await expect(send(smtp, ['bad@example.com', 'a@example.com'])).rejects.toThrow(
    `The mail server 127.0.0.1:${smtp.port} refused these addresses: bad@example.com. The run is complete`,
  );
  expect(received.map(({ recipients }) => recipients)).toEqual([['a@example.com']]);
});

test('the message has the reason of a failed connection', async () => {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  const smtp: SmtpConfig = { host: '127.0.0.1', port, security: 'none', auth: null };
  await expect(send(smtp, ['a@example.com'])).rejects.toThrow(
    /did not accept the report: connect ECONNREFUSED .* The run is complete, and its report is in/,
  );
});

test('several values of --mail, and commas in a value, are several addresses', () => {
  const first = parseAddresses('a@example.com, b@example.com', []);
  expect(parseAddresses('c@example.com,a@example.com', first)).toEqual([
    'a@example.com',
    'b@example.com',
    'c@example.com',
  ]);
});

test.each([
  '',
  'alice',
  'a@b,',
  'Alice <a@example.com>',
  'a@b\r\nBcc: c@d',
  'a b@c',
  `${'a'.repeat(255)}@b`,
])('--mail %j is refused', (value) => {
  expect(() => parseAddresses(value, [])).toThrow(/It must be an email address/);
});

test('at most ten addresses get the report', () => {
  const ten = Array.from({ length: 10 }, (_, index) => `${index}@example.com`).join();
  expect(parseAddresses(ten, [])).toHaveLength(10);
  expect(() => parseAddresses('more@example.com', parseAddresses(ten, []))).toThrow(
    'At most 10 addresses can get the report.',
  );
});

test('the settings of a mail need a mail server and a sender', () => {
  expect(() => readSenderConfig({})).toThrow(
    'Settings are missing or invalid:\n' +
      '  MAIL_URL is not set. It is the mail server: smtps://USER:PASSWORD@HOST:PORT.\n' +
      '  MAIL_FROM is not set.',
  );
  for (const MAIL_URL of ['outbox:', 'https://example.com', 'smtp://user:a secret@/']) {
    const read = () => readSenderConfig({ MAIL_URL, MAIL_FROM: 'a@example.com' });
    expect(read).toThrow('MAIL_URL must be smtps://USER:PASSWORD@HOST:PORT or smtp://…');
    expect(read).not.toThrow('a secret');
  }
  const MAIL_URL = 'smtps://user:p%40ss@mail.example.com';
  expect(readSenderConfig({ MAIL_URL, MAIL_FROM: 'M <a@example.com>' })).toEqual({
    smtp: {
      host: 'mail.example.com',
      port: 465,
      security: 'tls',
      auth: { user: 'user', pass: 'p@ss' },
    },
    from: 'M <a@example.com>',
  });
});
