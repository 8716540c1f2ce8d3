import { createTransport, type Transporter } from 'nodemailer';
import type { SmtpConfig } from '../config/mail-settings.ts';

const SILENCE_TIMEOUT_MS = 20_000;

/**
 * Creates the transport of a mail server, with a connection of its own for each mail. The certificate of the server is
 * verified. A server that is silent for 20 seconds is an error. Files and URLs are never read into a mail.
 */
export function createMailTransport({ host, port, security, auth }: SmtpConfig): Transporter {
  return createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(auth && { auth }),
    dnsTimeout: SILENCE_TIMEOUT_MS,
    connectionTimeout: SILENCE_TIMEOUT_MS,
    greetingTimeout: SILENCE_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** The properties of nodemailer's errors. */
export interface SendError {
  message: string;
  code?: string;
  /** The SMTP command that the server refused. */
  command?: string;
  responseCode?: number;
  permanent?: boolean;
}
