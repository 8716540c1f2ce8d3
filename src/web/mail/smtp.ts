import type { MailConfig, SmtpConfig } from '../../config/mail-settings.ts';
import { createMailTransport, type SendError } from '../../mail/transport.ts';
import { type ClaimedMail, RETRY_MIN_S } from '../../repositories/mails.ts';

/** A mail with its final text. */
export type OutgoingMail = Pick<
  ClaimedMail,
  'mailId' | 'createdS' | 'recipient' | 'subject' | 'text'
>;

/** Delivers a mail. Rejects if it may not have been delivered. */
export type Deliver = (mail: OutgoingMail) => Promise<void>;

// Another process may send the mail after RETRY_MIN_S.
const SEND_TIMEOUT_MS = (RETRY_MIN_S * 1000) / 2;

/**
 * Returns a function that sends a mail over a connection of its own. It rejects with nodemailer's error, at the latest
 * after a minute. The certificate of the server is verified.
 */
export function createSendMail(
  smtp: SmtpConfig,
  { from, siteUrl }: Pick<MailConfig, 'from' | 'siteUrl'>,
): Deliver {
  const transport = createMailTransport(smtp);
  const domain = new URL(siteUrl).hostname;
  return async ({ mailId, createdS, recipient, subject, text }) => {
    await transport.sendMail({
      from,
      // As an object, a comma in the address does not separate two addresses.
      to: { name: '', address: recipient },
      subject,
      text,
      // A mail that is sent twice has the same id, so that mail servers may drop the second one.
      messageId: `<${mailId}.${createdS}@${domain}>`,
      // Programs do not answer such a mail.
      headers: { 'Auto-Submitted': 'auto-generated' },
      signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
    });
  };
}

/** Returns whether an error of `createSendMail` means that the server will never accept this mail. */
export function isRefusedForGood({ permanent, command }: SendError): boolean {
  // A refused login or sender is the operator's mistake, which can be corrected.
  return permanent === true && (command === 'RCPT TO' || command === 'DATA');
}

/**
 * Returns the details of an error for the log. The answer of a server to an address or a text may repeat it, so the log
 * has only its code.
 */
export function toLogDetails({ code, command, responseCode, message }: SendError): object {
  return responseCode === undefined ? { code, reason: message } : { code, command, responseCode };
}
