import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { MailConfig } from '../../config/mail-settings.ts';
import { type ClaimedMail, TOKEN_PLACEHOLDER } from '../../repositories/mails.ts';
import type { Repositories } from '../../repositories/repositories.ts';
import type { RateLimits } from '../../repositories/rate-limits.ts';
import { writeResetMail } from './letters.ts';
import type { SendError } from '../../mail/transport.ts';
import { createSendMail, type Deliver, isRefusedForGood, toLogDetails } from './smtp.ts';

/** Sends the stored mails of all instances, outside of requests. */
export interface MailSender {
  /** The mails that this process has sent, and the attempts that failed. */
  counts: () => { sent: number; failed: number };
  /** Starts no further delivery, and resolves when those that have begun have ended. */
  stop: () => Promise<void>;
}

const POLL_MS = 2000;
const OUTAGE_PAUSE_MS = 30_000;
// All mails of a claim are sent at once, so that none waits while its time runs out.
const CONCURRENCY = 5;
const AGE_MAX_S = 3 * 24 * 60 * 60;

/**
 * Starts to poll for requests to reset passwords, and for mails that are due. Several processes never claim one mail at
 * the same time. A mail is deleted after it was sent, so it is sent at least once: if a process ends in between, the
 * mail is sent again. A mail that could not be sent for three days, or that the server refuses for good, is dropped. So is a mail without a link above the limit
 * of its address. (Requests for links are limited.)
 */
export function startMailSender(
  config: MailConfig,
  { mails, outbox, passwordResets }: Pick<Repositories, 'mails' | 'outbox' | 'passwordResets'>,
  rateLimits: Pick<RateLimits, 'consumeNotice'>,
  logger: Logger,
  { pollMs = POLL_MS }: { pollMs?: number } = {},
): MailSender {
  const counts = { sent: 0, failed: 0 };
  const stopping = new AbortController();
  const deliver = createDeliver();

  function createDeliver(): Deliver {
    if (!config.smtp) return ({ mailId, text }) => outbox.addToOutbox(mailId, text);
    const sendMail = createSendMail(config.smtp, config);
    return async (mail) => {
      await sendMail(mail);
      await mails.deleteMail(mail.mailId);
    };
  }

  async function sendClaimed(mail: ClaimedMail): Promise<void> {
    const { mailId, ageS } = mail;
    if (ageS > AGE_MAX_S) return drop(mailId, { reason: 'It could not be sent for three days.' });
    const text = await completeText(mail);
    if (text === null) return mails.deleteMail(mailId);
    const limitCheck = mail.link ? null : await rateLimits.consumeNotice(mail.recipient);
    if (limitCheck?.refusal) return drop(mailId, { limit: limitCheck.refusal.limit });
    try {
      await deliver({ ...mail, text });
      counts.sent++;
    } catch (error) {
      counts.failed++;
      await limitCheck?.refund();
      const details = toLogDetails(error as SendError);
      if (isRefusedForGood(error as SendError)) return drop(mailId, details);
      logger.warn({ mailId, ...details }, 'A mail could not be sent. It will be tried again.');
    }
  }

  /** Returns the text with the link. Returns null if the mail was revoked. */
  async function completeText(mail: ClaimedMail): Promise<string | null> {
    if (!mail.link) return mail.text;
    const token = await mails.createMailLink(mail);
    return token && mail.text.replace(TOKEN_PLACEHOLDER, token);
  }

  async function drop(mailId: number, details: object): Promise<void> {
    logger.error({ mailId, ...details }, 'A mail was dropped.');
    await mails.deleteMail(mailId);
  }

  /** Returns whether there may be more to do. */
  async function sendBatch(): Promise<boolean> {
    const isAnswered = await passwordResets.answerResetRequest((user) =>
      writeResetMail(user, config.siteUrl),
    );
    const claimed = await mails.claimMails(CONCURRENCY);
    const results = await Promise.allSettled(claimed.map(sendClaimed));
    const failure = results.find((result) => result.status === 'rejected');
    if (failure) throw failure.reason;
    return isAnswered || claimed.length > 0;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      let pauseMs = 0;
      try {
        if (!(await sendBatch())) pauseMs = pollMs;
      } catch (err) {
        logger.warn({ err }, 'Mails could not be read from the database.');
        pauseMs = OUTAGE_PAUSE_MS;
      }
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const ended = run();
  return {
    counts: () => counts,
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}
