import type { z } from 'zod';
import { type Environment, readSettings } from './environment.ts';
import { databaseSettings, newUserSettings, settings } from './settings.ts';

// Elsewhere, MiniTwit's own rule holds: a password has a character.
const PRODUCTION_PASSWORD_MIN_LENGTH = 8;

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
  /** What the names of all cookies begin with. */
  cookiePrefix: string;
  /** In characters. */
  passwordMinLength: number;
  /** Whether new passwords must not be among the most common ones, or made of the user's and the site's names. */
  refuseGuessablePasswords: boolean;
  gravatar: boolean;
  /** Whether `Strict-Transport-Security` covers this host alone, or all hosts below it as well. */
  hsts: 'host' | 'site';
  /** The `Contact` of /.well-known/security.txt, a URI; null if there is no such file. */
  securityContact: string | null;
  /** Null if nothing is limited. */
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
  metricsHost: string;
}

/** How many actions of each kind are allowed in a window, whose length is in `src/repositories/rate-limits.ts`. */
export interface RateLimitConfig {
  /** Failed logins under a name from one address or one device, in 15 minutes. */
  loginsPerName: number;
  /** Failed logins under a name from all addresses together, in 15 minutes. */
  loginsPerNameAnywhere: number;
  /** Failed logins, in an hour. */
  loginsPerAddress: number;
  /** Logins that one process judges, correct ones included, in 10 minutes. */
  allLoginsPerName: number;
  /** Logins that one process judges, correct ones included, in 10 minutes. */
  allLoginsPerAddress: number;
  /** In an hour. */
  registrationsPerAddress: number;
  /** In a minute. */
  postsPerUser: number;
  /** Follows and unfollows together, in 5 minutes. */
  followsPerUser: number;
  /** Older and newer pages that one process renders for a user, in 5 minutes. */
  pagesPerUser: number;
  /** Older and newer pages that one process renders for readers without login, in 5 minutes. */
  pagesPerAddress: number;
}

/**
 * Reads every setting of the web application.
 * @throws OperatorError that names all bad and missing settings at once, and no secret's value
 */
export function readConfig(environment: Environment): Config {
  const values = readSettings(settings, environment);
  const isProduction = values.NODE_ENV === 'production';
  return {
    database: toDatabaseConfig(values),
    sessionSecrets: values.SESSION_SECRET,
    host: values.HOST,
    port: values.PORT,
    trustProxy: values.TRUST_PROXY,
    cookieSecure: values.COOKIE_SECURE,
    cookiePrefix: values.COOKIE_PREFIX,
    passwordMinLength:
      values.PASSWORD_MIN_LENGTH ?? (isProduction ? PRODUCTION_PASSWORD_MIN_LENGTH : 1),
    refuseGuessablePasswords: isProduction,
    gravatar: values.GRAVATAR === 'on',
    hsts: values.HSTS,
    securityContact: values.SECURITY_CONTACT,
    rateLimits:
      values.RATE_LIMITS === 'off'
        ? null
        : {
            loginsPerName: values.LIMIT_LOGINS_PER_NAME,
            loginsPerNameAnywhere: values.LIMIT_LOGINS_PER_NAME_ANYWHERE,
            loginsPerAddress: values.LIMIT_LOGINS_PER_ADDRESS,
            allLoginsPerName: values.LIMIT_ALL_LOGINS_PER_NAME,
            allLoginsPerAddress: values.LIMIT_ALL_LOGINS_PER_ADDRESS,
            registrationsPerAddress: values.LIMIT_REGISTRATIONS_PER_ADDRESS,
            postsPerUser: values.LIMIT_POSTS_PER_USER,
            followsPerUser: values.LIMIT_FOLLOWS_PER_USER,
            pagesPerUser: values.LIMIT_PAGES_PER_USER,
            pagesPerAddress: values.LIMIT_PAGES_PER_ADDRESS,
          },
    logLevel: values.LOG_LEVEL,
    webConcurrency: values.WEB_CONCURRENCY,
    drainDelayMs: values.DRAIN_DELAY_S * 1000,
    drainMaxMs: values.DRAIN_MAX_S * 1000,
    metricsPort: values.METRICS_PORT,
    metricsHost: values.METRICS_HOST,
  };
}

/**
 * Reads the `DB_*` settings alone, for programs that need no more.
 * @throws OperatorError that names all bad and missing settings at once, and no secret's value
 */
export function readDatabaseConfig(environment: Environment): DatabaseConfig {
  return toDatabaseConfig(readSettings(databaseSettings, environment));
}

/**
 * As `readDatabaseConfig`, with the password of a user of the database who is to be made.
 * @throws OperatorError that names all bad and missing settings at once, and no secret's value
 */
export function readNewUserConfig(environment: Environment): {
  config: DatabaseConfig;
  password: string;
} {
  const values = readSettings(newUserSettings, environment);
  return { config: toDatabaseConfig(values), password: values.APP_DB_PASSWD };
}

/** The `DB_*` settings, once they have been read, under the names that programs use. */
export function toDatabaseConfig(values: z.infer<typeof databaseSettings>): DatabaseConfig {
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
