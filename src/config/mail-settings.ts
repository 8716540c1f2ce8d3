import { z } from 'zod';
import { type Environment, readSettings, required } from './environment.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
const SMTP_PORTS: Record<string, number> = { 'smtp:': 587, 'smtps:': 465 };

// The descriptions are the column `Meaning` of the table in README.md.
/** The settings of mails. Without `MAIL_URL`, MiniTwit sends none. */
export const mailFields = {
  MAIL_URL: z
    .string()
    .refine((value) => value === 'outbox:' || parseSmtpUrl(value) !== null, {
      error: 'must be smtps://USER:PASSWORD@HOST:PORT or smtp://…, with special characters encoded',
    })
    .optional()
    .describe(
      'Mail server: `smtps://USER:PASSWORD@HOST:PORT`, or `smtp://…` for STARTTLS, which is required unless the host is loopback. Without it, MiniTwit sends no mails, and only an operator resets a forgotten password. `npm run local` sets it to `outbox:`, which shows mails on the page `/outbox`.',
    ),
  MAIL_FROM: z
    .string()
    .regex(
      /^(?:[^\s@<>",;]+@[^\s@<>",;]+|[^<>@"\p{Control}]+<[^\s@<>",;]+@[^\s@<>",;]+>)$/u,
      'must be ADDRESS or NAME <ADDRESS>',
    )
    .optional()
    .describe(
      'Sender of mails: `ADDRESS` or `NAME <ADDRESS>`. Required if `MAIL_URL` is set, as is `SITE_URL`.',
    ),
  // The links in mails never depend on the header `Host`, which an attacker can choose.
  SITE_URL: z
    .string()
    .transform((value) => value.replace(/\/$/, ''))
    .refine(isOrigin, { error: 'must be https://HOST or http://HOST, without a path' })
    .nullable()
    .default(null)
    .describe('Address of the site, to which links in mails lead, such as `https://example.com`.'),
};

type MailSettings = z.infer<z.ZodObject<typeof mailFields>>;

/** How mails are sent. */
export interface MailConfig {
  /** Null if mails are not sent, but shown on the page /outbox. */
  smtp: SmtpConfig | null;
  /** `ADDRESS` or `NAME <ADDRESS>`. */
  from: string;
  /** The address of the site without a slash at the end. */
  siteUrl: string;
}

/** A mail server, and how to connect to it. */
export interface SmtpConfig {
  host: string;
  port: number;
  /** `tls`: from the start. `starttls`: before the login. `none`: only on loopback. */
  security: 'tls' | 'starttls' | 'none';
  /** Null for no login. */
  auth: { user: string; pass: string } | null;
}

/** The mail server and the sender of a command that sends a mail itself. */
export type SenderConfig = { smtp: SmtpConfig } & Pick<MailConfig, 'from'>;

/**
 * Reads the settings of a command that sends a mail itself, which needs a mail server.
 * @throws OperatorError that lists all missing and invalid settings, and contains no secret
 */
export function readSenderConfig(environment: Environment): SenderConfig {
  const settings = z.object({
    MAIL_URL: z
      .string({ error: 'is not set. It is the mail server: smtps://USER:PASSWORD@HOST:PORT' })
      .transform(parseSmtpUrl)
      .refine((smtp) => smtp !== null, {
        error:
          'must be smtps://USER:PASSWORD@HOST:PORT or smtp://…, with special characters encoded',
      }),
    MAIL_FROM: required.pipe(mailFields.MAIL_FROM.unwrap()),
  });
  const { MAIL_URL: smtp, MAIL_FROM: from } = readSettings(settings, environment);
  return { smtp, from };
}

/** Adds the problems of settings that need each other. */
export function addMailProblems(
  { MAIL_URL, MAIL_FROM, SITE_URL, NODE_ENV }: MailSettings & { NODE_ENV?: string | undefined },
  context: { addIssue: (issue: { code: 'custom'; path: string[]; message: string }) => void },
): void {
  if (MAIL_URL === undefined) return;
  const add = (name: string, message: string) =>
    context.addIssue({ code: 'custom', path: [name], message });
  if (MAIL_FROM === undefined) add('MAIL_FROM', 'is not set, but MAIL_URL is');
  if (SITE_URL === null) add('SITE_URL', 'is not set, but MAIL_URL is');
  // Everyone could read the page /outbox, with all links to reset passwords.
  if (MAIL_URL === 'outbox:' && NODE_ENV === 'production') {
    add('MAIL_URL', 'cannot be `outbox:` if NODE_ENV is `production`');
  }
}

/** Returns null if mail is off. */
export function toMailConfig({ MAIL_URL, MAIL_FROM, SITE_URL }: MailSettings): MailConfig | null {
  if (MAIL_URL === undefined || MAIL_FROM === undefined || SITE_URL === null) return null;
  return { smtp: parseSmtpUrl(MAIL_URL), from: MAIL_FROM, siteUrl: SITE_URL };
}

/** Returns null if the URL is not that of a mail server. */
function parseSmtpUrl(value: string): SmtpConfig | null {
  const url = URL.parse(value);
  const defaultPort = SMTP_PORTS[url?.protocol ?? ''];
  if (!url?.hostname || defaultPort === undefined) return null;
  if (!['', '/'].includes(url.pathname) || url.search || url.hash) return null;
  const security =
    url.protocol === 'smtps:' ? 'tls' : LOOPBACK.has(url.hostname) ? 'none' : 'starttls';
  try {
    const auth = url.username
      ? { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }
      : null;
    const host = url.hostname.replaceAll(/[[\]]/g, '');
    return { host, port: Number(url.port) || defaultPort, security, auth };
  } catch {
    return null;
  }
}

function isOrigin(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === value;
}
