import { beforeAll } from 'vitest';
import { pino } from 'pino';
import type { MailConfig } from '../../src/config/mail-settings.ts';
import { createRateLimitCounters } from '../../src/repositories/rate-limit-counters.ts';
import { createRateLimits } from '../../src/repositories/rate-limits.ts';
import { startMailSender } from '../../src/web/mail/mail-sender.ts';
import { useCleanup } from './cleanup.ts';
import type { MiniTwit } from './minitwit.ts';
import { type ReceivedMail, startSmtpServer, type TestSmtpServer } from './smtp-server.ts';
import { waitFor } from './wait-for.ts';

/** The settings of an application that stores mails. `useMail` sends them. */
export const testMail: MailConfig = {
  smtp: { host: 'not-used', port: 25, security: 'none', auth: null },
  from: 'MiniTwit <noreply@example.com>',
  siteUrl: 'https://twit.example.com',
};

/** The mail server of a test file. */
export interface TestMail {
  /** Waits until all stored mails are sent, and returns all mails to an address, oldest first. */
  listMails: (address: string) => Promise<ReceivedMail[]>;
  /** Waits until all stored mails are sent, and returns the path of the link in the newest mail to an address. */
  findLinkPath: (address: string) => Promise<string>;
}

/** Sends the mails of an application to a mail server while the tests of this file run. */
export function useMail({ database, repositories }: MiniTwit): TestMail {
  const defer = useCleanup();
  let server: TestSmtpServer;
  beforeAll(async () => {
    server = await startSmtpServer();
    defer(() => server.close());
    const config = { ...testMail, smtp: server.smtp };
    const logger = pino({ level: 'silent' });
    const rateLimits = createRateLimits(createRateLimitCounters(database), null, logger);
    const sender = startMailSender(config, repositories, rateLimits, logger, { pollMs: 10 });
    defer(() => sender.stop());
  });

  async function listMails(address: string): Promise<ReceivedMail[]> {
    await waitFor('all mails are sent', async () => {
      const rows = await database.select(
        'select mail_id from mail union all select request_id from reset_request',
      );
      return rows.length === 0;
    });
    return server.received.filter(({ recipients }) => recipients.includes(address));
  }

  return {
    listMails,
    async findLinkPath(address) {
      const { text = '' } = (await listMails(address)).at(-1) ?? {};
      const path = /^https:\/\/twit\.example\.com(\/[a-z_]+\/[\w-]{43})$/m.exec(text)?.[1];
      if (path === undefined) throw new Error(`The newest mail to ${address} has no link: ${text}`);
      return path;
    },
  };
}
