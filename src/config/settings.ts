import { z } from 'zod';
import {
  databaseFields,
  hasNameForTls,
  canVerifyReplicas,
  noNameForTls,
  unverifiableReplicas,
  problemOf,
  replicaFields,
} from './database-settings.ts';
import { integer, oneOf, required } from './environment.ts';
import { limitsStoreFields } from './limits-store-settings.ts';
import { addMailProblems, mailFields } from './mail-settings.ts';

/** The longest password, in Unicode code points. */
export const PASSWORD_MAX_LENGTH = 256;

const limit = integer(1, 1_000_000);

// The descriptions are the column `Meaning` of the table in README.md, here and in `database-settings.ts`.
const web = {
  SESSION_SECRET: required
    .transform((value) => value.split(',').map((secret) => secret.trim()))
    .refine((secrets) => secrets.every((secret) => secret.length >= 32), {
      error: 'must have 32 characters or more, and so must each of several secrets',
    })
    .describe(
      'Secret of 32 characters or more that signs cookies and encrypts the secrets of authenticator apps. To rotate it, set several, separated by commas: the first signs and encrypts, and all are accepted.',
    ),
  HOST: z
    .string()
    .default('0.0.0.0')
    .describe('Address on which the server listens. `npm run local` sets it to 127.0.0.1.'),
  PORT: integer(0, 65_535).default(5000).describe('TCP port on which the server listens.'),
  TRUST_PROXY: integer(0, 10)
    .default(0)
    .describe(
      'Number of trusted proxies in front of the server, whose `X-Forwarded-…` headers count. See [proxies](docs/proxies.md).',
    ),
  COOKIE_SECURE: oneOf('auto', 'always', 'never')
    .default('auto')
    .describe(
      '`auto`: cookies are `Secure` if the request came by https. `always`: cookies are `Secure`, which needs a `TRUST_PROXY` of 1 or more. `never`: they are not.',
    ),
  // Browsers drop a cookie named `__Host-` or `__Secure-` over http without any error.
  COOKIE_PREFIX: z
    .string()
    .regex(
      /^[A-Za-z0-9][\w-]{0,31}$/,
      'must be up to 32 letters, digits, _ and -, and begin with a letter or digit',
    )
    .default('')
    .describe(
      'Prefix of the names of all cookies. Several MiniTwits on one host need different prefixes, because cookies ignore ports. `npm run local` sets it to the port.',
    ),
  PASSWORD_MIN_LENGTH: integer(1, PASSWORD_MAX_LENGTH)
    .optional()
    .describe(
      'Minimum length of a new password in characters, up to 256. Unless it is set, the minimum is 8 if `NODE_ENV` is `production`, and otherwise 1.',
    ),
  GRAVATAR: oneOf('on', 'off')
    .default('off')
    .describe(
      '`on`: pages show pictures from Gravatar, which then receives a request from each reader.',
    ),
  HSTS: oneOf('host', 'site')
    .default('host')
    .describe(
      '`site`: `Strict-Transport-Security` has `includeSubDomains`, so that browsers use https for all subdomains of this host.',
    ),
  SECURITY_CONTACT: z
    .string()
    .regex(/^(?:mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/, 'must begin with mailto: or https://')
    .nullable()
    .default(null)
    .describe(
      'Contact in `/.well-known/security.txt`: `mailto:ADDRESS` or `https://…`. Without it, the file does not exist.',
    ),
  LOG_LEVEL: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent')
    .default('info')
    .describe('`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`.'),
  RATE_LIMITS: oneOf('on', 'off').default('on').describe('`off`: no limits, for load tests.'),
};

// src/repositories/rate-limit-rules.ts has the length of each window.
const rateLimits = {
  LIMIT_LOGINS_PER_NAME: limit
    .default(10)
    .describe(
      'Failed logins under a username in 15 minutes: from each address, and from each device that has logged in under that name before. Also wrong codes of a user in an hour: from all such devices together, and from all others together.',
    ),
  LIMIT_LOGINS_PER_NAME_ANYWHERE: limit
    .default(100)
    .describe(
      'Failed logins under a username in 15 minutes: from all addresses together, and from all such devices together.',
    ),
  LIMIT_LOGINS_PER_ADDRESS: limit
    .default(500)
    .describe(
      'Failed logins from an address in an hour, except from devices that have logged in under the same username before.',
    ),
  LIMIT_ALL_LOGINS_PER_NAME: limit
    .default(200)
    .describe(
      'All logins under a username in 10 minutes. Each process counts its own. It must be `LIMIT_LOGINS_PER_NAME_ANYWHERE` or more.',
    ),
  LIMIT_ALL_LOGINS_PER_ADDRESS: limit
    .default(600)
    .describe('All logins from an address in 10 minutes. Each process counts its own.'),
  LIMIT_REGISTRATIONS_PER_ADDRESS: limit
    .default(500)
    .describe('Registrations from an address in an hour, including those under a taken username.'),
  LIMIT_POSTS_PER_USER: limit.default(60).describe('Messages of a user in a minute.'),
  LIMIT_LINKS_PER_EMAIL: limit
    .default(3)
    .describe('Mails with links that are requested for an email address in an hour.'),
  LIMIT_RESETS_PER_ADDRESS: limit
    .default(100)
    .describe('Requests to reset a password from an address in an hour.'),
  LIMIT_EMAIL_CHANGES_PER_USER: limit
    .default(5)
    .describe('Changes of the email address that a user requests in an hour.'),
  LIMIT_FOLLOWS_PER_USER: limit
    .default(60)
    .describe('Follows, blocks and mutes of a user in 5 minutes, and their ends.'),
  LIMIT_REPORTS_PER_USER: limit.default(30).describe('Reports of a user in an hour.'),
  LIMIT_PAGES_PER_USER: limit
    .default(300)
    .describe(
      'Older and newer pages of timelines that a user reads in 5 minutes. Each process counts its own.',
    ),
  LIMIT_PAGES_PER_ADDRESS: limit
    .default(1500)
    .describe(
      'Older and newer pages of timelines that all readers without a login at an address read in 5 minutes. Each process counts its own.',
    ),
};

const operation = {
  WEB_CONCURRENCY: integer(1, 128)
    .default(1)
    .describe('Number of processes of an instance. They share its database connections.'),
  DRAIN_DELAY_S: integer(0, 600)
    .default(0)
    .describe(
      'Seconds after the signal to stop in which the server still accepts requests, but `/readyz` returns 503. Set it longer than the load balancer takes to notice.',
    ),
  DRAIN_MAX_S: integer(1, 900)
    .default(10)
    .describe('Maximum duration of a graceful shutdown in seconds, including `DRAIN_DELAY_S`.'),
  METRICS_PORT: integer(1, 65_535)
    .nullable()
    .default(null)
    .describe('TCP port of the Prometheus metrics, at `/metrics`.'),
  METRICS_HOST: z
    .string()
    .default('127.0.0.1')
    .describe(
      'Address on which `METRICS_PORT` listens. Set it to `0.0.0.0` in a container, or if Prometheus runs on another host.',
    ),
  NODE_ENV: z
    .string()
    .optional()
    .describe(
      "`production`: `.env` is not read. A new password must not be one of the 10,000 most common ones, or made of the user's or the site's name.",
    ),
};

// A negated comparison is true for a value that is not a number, so an invalid setting has one problem only.
/** All settings of the web application, in the order of README.md. */
export const settings = z
  .object({
    ...databaseFields,
    ...replicaFields,
    ...web,
    ...mailFields,
    ...limitsStoreFields,
    ...rateLimits,
    ...operation,
  })
  .refine(hasNameForTls, noNameForTls)
  .refine(canVerifyReplicas, unverifiableReplicas)
  .superRefine(addMailProblems)
  .refine(
    // The server itself speaks plain http, so only a proxy can report https.
    (values) => values.COOKIE_SECURE !== 'always' || values.TRUST_PROXY !== 0,
    problemOf('COOKIE_SECURE', 'cannot be `always` if TRUST_PROXY is 0: all logins would fail'),
  )
  .refine(
    (values) => !(values.DRAIN_DELAY_S >= values.DRAIN_MAX_S),
    problemOf('DRAIN_DELAY_S', 'must be less than DRAIN_MAX_S, which includes it'),
  )
  .refine(
    (values) => !(values.DB_POOL_SIZE < values.WEB_CONCURRENCY),
    problemOf('DB_POOL_SIZE', 'must be WEB_CONCURRENCY or more: each process needs a connection'),
  )
  .refine(
    (values) => !(values.LIMIT_ALL_LOGINS_PER_NAME < values.LIMIT_LOGINS_PER_NAME_ANYWHERE),
    problemOf(
      'LIMIT_ALL_LOGINS_PER_NAME',
      'must be LIMIT_LOGINS_PER_NAME_ANYWHERE or more: it also counts failed logins',
    ),
  );
