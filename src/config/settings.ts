import { isIP } from 'node:net';
import { z } from 'zod';
import { integer, oneOf, pemFile, required } from './environment.ts';

/** The longest password, in Unicode code points. */
export const PASSWORD_MAX_LENGTH = 256;

const port = integer(1, 65_535);
const limit = integer(1, 1_000_000);

const forDatabase = {
  DB_HOST: required,
  DB_PORT: port.default(3306),
  DB_USER: required,
  DB_PASSWD: required,
  DB_NAME: required,
  DB_SSL_CA: pemFile.nullable().default(null),
  DB_POOL_SIZE: integer(1, 1000).default(10),
};

const forAll = {
  ...forDatabase,
  SESSION_SECRET: required
    .transform((value) => value.split(',').map((secret) => secret.trim()))
    .refine((secrets) => secrets.every((secret) => secret.length >= 32), {
      error: 'must have 32 characters or more (several secrets: each, separated by commas)',
    }),
  HOST: z.string().default('0.0.0.0'),
  PORT: integer(0, 65_535).default(5000),
  TRUST_PROXY: integer(0, 10).default(0),
  COOKIE_SECURE: oneOf('auto', 'always', 'never').default('auto'),
  // Not `__Host-` or `__Secure-`: over http, browsers would drop such a cookie without a word.
  COOKIE_PREFIX: z
    .string()
    .regex(
      /^[A-Za-z0-9][\w-]{0,31}$/,
      'must be up to 32 letters, digits, _ and -, and begin with a letter or digit',
    )
    .default(''),
  // The default depends on NODE_ENV.
  PASSWORD_MIN_LENGTH: integer(1, PASSWORD_MAX_LENGTH).optional(),
  NODE_ENV: z.string().optional(),
  GRAVATAR: oneOf('on', 'off').default('off'),
  HSTS: oneOf('host', 'site').default('host'),
  SECURITY_CONTACT: z
    .string()
    .regex(/^(?:mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/, 'must begin with mailto: or https://')
    .nullable()
    .default(null),
  RATE_LIMITS: oneOf('on', 'off').default('on'),
  LIMIT_LOGINS_PER_NAME: limit.default(10),
  LIMIT_LOGINS_PER_NAME_ANYWHERE: limit.default(100),
  LIMIT_LOGINS_PER_ADDRESS: limit.default(500),
  LIMIT_ALL_LOGINS_PER_NAME: limit.default(200),
  LIMIT_ALL_LOGINS_PER_ADDRESS: limit.default(600),
  LIMIT_REGISTRATIONS_PER_ADDRESS: limit.default(500),
  LIMIT_POSTS_PER_USER: limit.default(60),
  LIMIT_FOLLOWS_PER_USER: limit.default(60),
  LIMIT_PAGES_PER_USER: limit.default(300),
  LIMIT_PAGES_PER_ADDRESS: limit.default(1500),
  WEB_CONCURRENCY: integer(1, 128).default(1),
  DRAIN_DELAY_S: integer(0, 600).default(0),
  DRAIN_MAX_S: integer(1, 900).default(10),
  METRICS_PORT: port.nullable().default(null),
  METRICS_HOST: z.string().default('127.0.0.1'),
  LOG_LEVEL: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent').default('info'),
};

// mysql2 compares a certificate with a name; any address it takes for `localhost`.
const hostNameForTls = {
  path: ['DB_HOST'],
  error: 'must be a name, not an address, when DB_SSL_CA is set: certificates are for names',
  // beside the other problems, not after them
  when: () => true,
};

function hasNameForTls({ DB_HOST, DB_SSL_CA }: { DB_HOST: string; DB_SSL_CA: string | null }) {
  return !DB_SSL_CA || isIP(DB_HOST) === 0;
}

// The server itself speaks http alone, and nobody else would tell it of https.
const proxyForSecureCookies = {
  path: ['COOKIE_SECURE'],
  error: 'cannot be `always` where TRUST_PROXY is 0: no login would work',
  when: () => true,
};

function canTellHttps(values: { COOKIE_SECURE: string; TRUST_PROXY: number }): boolean {
  return values.COOKIE_SECURE !== 'always' || values.TRUST_PROXY !== 0;
}

const delayInsideDrain = {
  path: ['DRAIN_DELAY_S'],
  error: 'must be less than DRAIN_MAX_S, of which it is a part',
  when: () => true,
};

function hasTimeToDrain(values: { DRAIN_DELAY_S: number; DRAIN_MAX_S: number }): boolean {
  // so written, one that is no number is not blamed twice
  return !(values.DRAIN_DELAY_S >= values.DRAIN_MAX_S);
}

const connectionForEachWorker = {
  path: ['DB_POOL_SIZE'],
  error: 'must be WEB_CONCURRENCY or more: each worker needs a connection',
  when: () => true,
};

function hasConnectionsForWorkers(values: { DB_POOL_SIZE: number; WEB_CONCURRENCY: number }) {
  return !(values.DB_POOL_SIZE < values.WEB_CONCURRENCY);
}

// Failed logins spend the budget of all logins too.
const failedAmongAllLogins = {
  path: ['LIMIT_ALL_LOGINS_PER_NAME'],
  error: 'must be LIMIT_LOGINS_PER_NAME_ANYWHERE or more: it counts failed logins too',
  when: () => true,
};

function countsAllFailedLogins(values: {
  LIMIT_ALL_LOGINS_PER_NAME: number;
  LIMIT_LOGINS_PER_NAME_ANYWHERE: number;
}): boolean {
  return !(values.LIMIT_ALL_LOGINS_PER_NAME < values.LIMIT_LOGINS_PER_NAME_ANYWHERE);
}

/** The settings that lead to a database. */
export const databaseSettings = z.object(forDatabase).refine(hasNameForTls, hostNameForTls);

/** The same, and the password of a user of the database who is to be made. */
export const newUserSettings = databaseSettings.and(z.object({ APP_DB_PASSWD: required }));

/** All settings of the web application. */
export const settings = z
  .object(forAll)
  .refine(hasNameForTls, hostNameForTls)
  .refine(canTellHttps, proxyForSecureCookies)
  .refine(hasTimeToDrain, delayInsideDrain)
  .refine(hasConnectionsForWorkers, connectionForEachWorker)
  .refine(countsAllFailedLogins, failedAmongAllLogins);
