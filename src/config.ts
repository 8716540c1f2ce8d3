import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import { OperatorError } from './errors.ts';

/** Where the database is and how to log in to it. */
export interface DatabaseConfig {
  host: string;
  port: number;
  user: string;
  password: string;
  name: string;
  /** PEM of the authority that must have signed the server's certificate; null connects without TLS. */
  sslCa: string | null;
  /** Connections that this process may hold. */
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
  logLevel: string;
}

/** The environment variables that a program was started with. */
export type Environment = Record<string, string | undefined>;

const required = z.string({ error: 'is not set' });

const count = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

const oneOf = <const Words extends readonly string[]>(...words: Words) =>
  z.enum(words, { error: `must be one of: ${words.join(', ')}` });

const pemFile = z.string().transform((path, context) => {
  try {
    const pem = readFileSync(path, 'utf8');
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
    context.addIssue(`names a file without a PEM certificate: ${path}`);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    context.addIssue(`names a file that cannot be read (${reason}): ${path}`);
  }
  return z.NEVER;
});

const databaseSettings = {
  DB_HOST: required,
  DB_PORT: count(1, 65_535).default(3306),
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
    .refine(canTellHttps, proxyForSecureCookies);
  const values = parse(schema, environment);
  return {
    database: toDatabaseConfig(values),
    sessionSecrets: values.SESSION_SECRET,
    host: values.HOST,
    port: values.PORT,
    trustProxy: values.TRUST_PROXY,
    cookieSecure: values.COOKIE_SECURE,
    passwordMinLength: values.PASSWORD_MIN_LENGTH,
    gravatar: values.GRAVATAR === 'on',
    logLevel: values.LOG_LEVEL,
  };
}

/**
 * Reads the `DB_*` settings alone, for programs that need no more.
 * @throws OperatorError that names all bad and missing settings at once, and no secret's value
 */
export function readDatabaseConfig(environment: Environment): DatabaseConfig {
  return toDatabaseConfig(
    parse(z.object(databaseSettings).refine(hasNameForTls, hostNameForTls), environment),
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

function parse<T>(schema: z.ZodType<T>, environment: Environment): T {
  // A variable that is set to nothing counts as not set, as in `DB_PORT= npm start`.
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value));
  const result = schema.safeParse(set);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `  ${path.join('.')} ${message}`);
  throw new OperatorError(`Settings that need attention:\n${problems.join('\n')}`);
}
