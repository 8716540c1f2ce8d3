import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { callbackify } from 'node:util';
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';
import type { SmtpConfig } from '../../src/config/mail-settings.ts';

/** A mail as the server received it. */
export interface ReceivedMail {
  recipients: string[];
  /** The headers and the encoded text. */
  source: string;
  /** The decoded text. */
  text: string;
}

/** A mail server on loopback. */
export interface TestSmtpServer {
  /** The settings that lead to it, without TLS. */
  smtp: SmtpConfig;
  /** The mails that it accepted, oldest first. */
  received: ReceivedMail[];
  close: () => Promise<void>;
}

/** Starts a mail server that accepts all mails, unless `options` refuse them. */
export async function startSmtpServer(options: SMTPServerOptions = {}): Promise<TestSmtpServer> {
  const received: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    hideSTARTTLS: true,
    onData: callbackify(async (stream: Readable, { envelope }: SMTPServerSession) => {
      const source = await text(stream);
      const recipients = envelope.rcptTo.map(({ address }) => address);
      received.push({ recipients, source, text: decodeText(source) });
    }),
    ...options,
  });
  // A client that refuses the certificate ends the connection.
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  return {
    smtp: { host: '127.0.0.1', port, security: 'none', auth: null },
    received,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Returns the text of a mail with the transfer encoding `7bit` or `quoted-printable`. */
function decodeText(source: string): string {
  const [headers = '', ...body] = source.replaceAll('\r\n', '\n').split('\n\n');
  const encoded = body.join('\n\n');
  if (!/^content-transfer-encoding: quoted-printable$/im.test(headers)) return encoded;
  const bytes = encoded
    .replaceAll('=\n', '')
    .replaceAll(/=([\dA-F]{2})/g, (_match, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
