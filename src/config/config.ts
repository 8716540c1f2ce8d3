import { z } from 'zod';
import { type Environment, readSettings } from './environment.ts';
import {
  addedPasswordSettings,
  appUserSettings,
  databaseSettings,
  readerSettings,
} from './database-settings.ts';
import { mailFields, toMailConfig } from './mail-settings.ts';
import { settings } from './settings.ts';

const PRODUCTION_PASSWORD_MIN_LENGTH = 8;

/** The address of a database, and the account to log in with. */
export type DatabaseConfig = ReturnType<typeof toDatabaseConfig>;

/** The replicas of a database. */
export interface ReplicasConfig {
  /** The addresses. The user, the password and the name of the database are those of the writer. */
  servers: Pick<DatabaseConfig, 'host' | 'port'>[];
  /**
   * How a read waits for everything that the writer has committed: with the writer's GTIDs, or with Aurora's own
   * session variable.
   */
  consistency: 'gtid' | 'aurora';
}

/** The settings of the web application. Their meaning is in `settings.ts`. */
export type Config = ReturnType<typeof toConfig>;

/** The points of each rate limit. */
export type RateLimitConfig = NonNullable<Config['rateLimits']>;

/**
 * Reads all settings of the web application.
 * @throws OperatorError that lists all missing and invalid settings, and contains no secret
 */
export function readConfig(environment: Environment): Config {
  return toConfig(readSettings(settings, environment));
}

/**
 * Reads the `DB_*` settings alone.
 * @throws OperatorError that lists all missing and invalid settings, and contains no secret
 */
export function readDatabaseConfig(environment: Environment): DatabaseConfig {
  return toDatabaseConfig(readSettings(databaseSettings, environment));
}

/**
 * Reads the `DB_*` settings, and the address of the site (null if unknown).
 * @throws OperatorError that lists all missing and invalid settings, and contains no secret
 */
export function readAdminConfig(environment: Environment): {
  database: DatabaseConfig;
  siteUrl: string | null;
} {
  const { SITE_URL } = readSettings(z.object({ SITE_URL: mailFields.SITE_URL }), environment);
  return { database: readDatabaseConfig(environment), siteUrl: SITE_URL };
}

/**
 * Reads the `DB_*` settings, and the password of the application's database user.
 * @throws OperatorError that lists all missing and invalid settings, and contains no secret
 */
export function readAppUserConfig(environment: Environment): {
  config: DatabaseConfig;
  password: string;
} {
  const values = readSettings(appUserSettings, environment);
  return { config: toDatabaseConfig(values), password: values.APP_DB_PASSWD };
}

/**
 * Reads the settings of `readAppUserConfig`, and the password of the user who may only read.
 * @throws OperatorError that lists all missing and invalid settings, and contains no secret
 */
export function readReaderConfig(environment: Environment): {
  config: DatabaseConfig;
  password: string;
  readerPassword: string;
} {
  const values = readSettings(readerSettings, environment);
  return {
    config: toDatabaseConfig(values),
    password: values.APP_DB_PASSWD,
    readerPassword: values.READER_DB_PASSWD,
  };
}

/**
 * Reads the `DB_*` settings, the password of the application's database user, and the password to add.
 * @throws OperatorError that lists all missing and invalid settings, and contains no secret
 */
export function readAddedPasswordConfig(environment: Environment): {
  config: DatabaseConfig;
  password: string;
  newPassword: string;
} {
  const values = readSettings(addedPasswordSettings, environment);
  return {
    config: toDatabaseConfig(values),
    password: values.APP_DB_PASSWD,
    newPassword: values.NEW_APP_DB_PASSWD,
  };
}

/** Returns the parsed `DB_*` settings under the names that programs use. */
export function toDatabaseConfig(values: z.infer<typeof databaseSettings>) {
  return {
    host: values.DB_HOST,
    port: values.DB_PORT,
    user: values.DB_USER,
    password: values.DB_PASSWD,
    name: values.DB_NAME,
    /** The PEM of the certificate authority; null connects without TLS. */
    sslCa: values.DB_SSL_CA,
    poolSize: values.DB_POOL_SIZE,
  };
}

function toConfig(values: z.infer<typeof settings>) {
  const isProduction = values.NODE_ENV === 'production';
  return {
    database: toDatabaseConfig(values),
    /** Null if all pages are read from the writer. */
    replicas: toReplicasConfig(values),
    sessionSecrets: values.SESSION_SECRET,
    host: values.HOST,
    port: values.PORT,
    trustProxy: values.TRUST_PROXY,
    cookieSecure: values.COOKIE_SECURE,
    cookiePrefix: values.COOKIE_PREFIX,
    // Outside of production the original's rule applies: a password has at least one character.
    passwordMinLength:
      values.PASSWORD_MIN_LENGTH ?? (isProduction ? PRODUCTION_PASSWORD_MIN_LENGTH : 1),
    refuseGuessablePasswords: isProduction,
    gravatar: values.GRAVATAR === 'on',
    hsts: values.HSTS,
    securityContact: values.SECURITY_CONTACT,
    /** The address of the site without a slash at the end. Null if unknown. */
    siteUrl: values.SITE_URL,
    mail: toMailConfig(values),
    logLevel: values.LOG_LEVEL,
    /** Null if no rate is limited. */
    rateLimits: values.RATE_LIMITS === 'off' ? null : toRateLimitConfig(values),
    /** Null if all instances count for the limits in the database. */
    limitsStore: values.LIMITS_STORE,
    webConcurrency: values.WEB_CONCURRENCY,
    drainDelayMs: values.DRAIN_DELAY_S * 1000,
    drainMaxMs: values.DRAIN_MAX_S * 1000,
    metricsPort: values.METRICS_PORT,
    metricsHost: values.METRICS_HOST,
  };
}

function toReplicasConfig(values: z.infer<typeof settings>): ReplicasConfig | null {
  if (values.DB_READ_HOST === null) return null;
  return {
    servers: values.DB_READ_HOST.map(({ host, port }) => ({ host, port: port ?? values.DB_PORT })),
    consistency: values.DB_READ_CONSISTENCY,
  };
}

function toRateLimitConfig(values: z.infer<typeof settings>) {
  return {
    loginsPerName: values.LIMIT_LOGINS_PER_NAME,
    loginsPerNameAnywhere: values.LIMIT_LOGINS_PER_NAME_ANYWHERE,
    loginsPerAddress: values.LIMIT_LOGINS_PER_ADDRESS,
    allLoginsPerName: values.LIMIT_ALL_LOGINS_PER_NAME,
    allLoginsPerAddress: values.LIMIT_ALL_LOGINS_PER_ADDRESS,
    registrationsPerAddress: values.LIMIT_REGISTRATIONS_PER_ADDRESS,
    postsPerUser: values.LIMIT_POSTS_PER_USER,
    linksPerEmail: values.LIMIT_LINKS_PER_EMAIL,
    resetsPerAddress: values.LIMIT_RESETS_PER_ADDRESS,
    emailChangesPerUser: values.LIMIT_EMAIL_CHANGES_PER_USER,
    followsPerUser: values.LIMIT_FOLLOWS_PER_USER,
    reportsPerUser: values.LIMIT_REPORTS_PER_USER,
    pagesPerUser: values.LIMIT_PAGES_PER_USER,
    pagesPerAddress: values.LIMIT_PAGES_PER_ADDRESS,
  };
}
