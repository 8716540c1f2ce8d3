import { isIP } from 'node:net';
import { z } from 'zod';
import {
  count,
  type Environment,
  oneOf,
  pemFile,
  readSettings,
  required,
  secondsInMs,
} from './environment.ts';

/** Where the database is and how to log in to it. */
export interface DatabaseConfig {
  host: string;
  port: number;
  user: string;
  password: string;
  name: string;
  /** PEM of the authority that must have signed the server's certificate; null connects without TLS. */
  sslCa: string | null;
  /** Connections that an instance may hold, all its processes together. */
  poolSize: number;
}

/** Everything that the web application can be told; see the table of settings in README.md. */
export interface Config {
  database: DatabaseConfig;
  /** Secrets that a session cookie may be signed with; new cookies use the first. */
  sessionSecrets: string[];
  host: string;
  port: number;
  /** How many load balancers stand between this process and its readers. */
  trustProxy: number;
  cookieSecure: 'auto' | 'always' | 'never';
  /** In characters. */
  passwordMinLength: number;
  gravatar: boolean;
  /** What is too much; null where nothing is. */
  rateLimits: RateLimitConfig | null;
  logLevel: string;
  /** Worker processes; with 1, the program serves by itself. */
  webConcurrency: number;
  /** For how long, once asked to stop, it says that it is not ready but serves all the same. */
  drainDelayMs: number;
  /** From the signal to stop until the end, at most. */
  drainMaxMs: number;
  /** Where metrics are to be read; null for nowhere. */
  metricsPort: number | null;
}

/** How often somebody may do something before they have to wait. */
export interface RateLimitConfig {
  /** Failed logins in 15 minutes. */
  loginsPerName: number;
  /** Failed logins in an hour. */
  loginsPerAddress: number;
  /** In an hour. */
  registrationsPerAddress: number;
  /** In a minute. */
  postsPerUser: number;
}

const port = count(1, 65_535);
const limit = count(1, 1_000_000);

const databaseSettings = {
  DB_HOST: required,
  DB_PORT: port.default(3306),
  DB_USER: required,
  DB_PASSWD: required,
  DB_NAME: required,
  DB_SSL_CA: pemFile.nullable().default(null),
  DB_POOL_SIZE: count(1, 1000).default(10),
};

const settings = {
  ...databaseSettings,
  SESSION_SECRET: required
    .transform((value) => value.split(',').map((secret) => secret.trim()))
    .refine((secrets) => secrets.every((secret) => secret.length >= 32), {
      error: 'must have 32 characters or more (several secrets: each, separated by commas)',
    }),
  HOST: z.string().default('0.0.0.0'),
  PORT: count(0, 65_535).default(5000),
  TRUST_PROXY: count(0, 10).default(0),
  COOKIE_SECURE: oneOf('auto', 'always', 'never').default('auto'),
  PASSWORD_MIN_LENGTH: count(1, 72).default(1),
  GRAVATAR: oneOf('on', 'off').default('off'),
  RATE_LIMITS: oneOf('on', 'off').default('on'),
  LIMIT_LOGINS_PER_NAME: limit.default(10),
  LIMIT_LOGINS_PER_ADDRESS: limit.default(100),
  LIMIT_REGISTRATIONS_PER_ADDRESS: limit.default(60),
  LIMIT_POSTS_PER_USER: limit.default(60),
  WEB_CONCURRENCY: count(1, 128).default(1),
  DRAIN_DELAY_S: secondsInMs(0, 600).default(0),
  DRAIN_MAX_S: secondsInMs(1, 900).default(10_000),
  METRICS_PORT: port.nullable().default(null),
  LOG_LEVEL: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent').default('info'),
};

/**
 * Reads every setting of the web application.
 * @throws OperatorError that names all bad and missing settings at once, and no secret's value
 */
export function readConfig(environment: Environment): Config {
  const schema = z
    .object(settings)
    .refine(hasNameForTls, hostNameForTls)
    .refine(canTellHttps, proxyForSecureCookies)
    .refine(hasTimeToDrain, delayInsideDrain)
    .refine(hasConnectionsForWorkers, connectionForEachWorker);
  const values = readSettings(schema, environment);
  return {
    database: toDatabaseConfig(values),
    sessionSecrets: values.SESSION_SECRET,
    host: values.HOST,
    port: values.PORT,
    trustProxy: values.TRUST_PROXY,
    cookieSecure: values.COOKIE_SECURE,
    passwordMinLength: values.PASSWORD_MIN_LENGTH,
    gravatar: values.GRAVATAR === 'on',
    rateLimits:
      values.RATE_LIMITS === 'off'
        ? null
        : {
            loginsPerName: values.LIMIT_LOGINS_PER_NAME,
            loginsPerAddress: values.LIMIT_LOGINS_PER_ADDRESS,
            registrationsPerAddress: values.LIMIT_REGISTRATIONS_PER_ADDRESS,
            postsPerUser: values.LIMIT_POSTS_PER_USER,
          },
    logLevel: values.LOG_LEVEL,
    webConcurrency: values.WEB_CONCURRENCY,
    drainDelayMs: values.DRAIN_DELAY_S,
    drainMaxMs: values.DRAIN_MAX_S,
    metricsPort: values.METRICS_PORT,
  };
}

/**
 * Reads the `DB_*` settings alone, for programs that need no more.
 * @throws OperatorError that names all bad and missing settings at once, and no secret's value
 */
export function readDatabaseConfig(environment: Environment): DatabaseConfig {
  return toDatabaseConfig(
    readSettings(z.object(databaseSettings).refine(hasNameForTls, hostNameForTls), environment),
  );
}

function toDatabaseConfig(values: z.infer<z.ZodObject<typeof databaseSettings>>): DatabaseConfig {
  return {
    host: values.DB_HOST,
    port: values.DB_PORT,
    user: values.DB_USER,
    password: values.DB_PASSWD,
    name: values.DB_NAME,
    sslCa: values.DB_SSL_CA,
    poolSize: values.DB_POOL_SIZE,
  };
}

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
