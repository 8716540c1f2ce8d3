import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig, readDatabaseConfig } from '../../src/config/config.ts';
import { formatSettingsProblems } from '../../src/config/environment.ts';

const database = {
  DB_HOST: 'db.example.com',
  DB_USER: 'minitwit',
  DB_PASSWD: 'x',
  DB_NAME: 'twits',
};
const secret = 'one secret that has 32 characters';
const complete = { ...database, SESSION_SECRET: secret };

/** Returns the message about bad settings, or an empty string if all are good. */
function errorOf(environment: Record<string, string>): string {
  try {
    readConfig(environment);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

test('settings have defaults, except for the database and the secret', () => {
  expect(readConfig(complete)).toMatchObject({
    database: { port: 3306, sslCa: null },
    sessionSecrets: [secret],
    cookiePrefix: '',
    gravatar: false,
    securityContact: null,
    siteUrl: null,
    mail: null,
    limitsStore: null,
    rateLimits: { loginsPerName: 10 },
    drainMaxMs: 10_000,
    metricsPort: null,
  });
});

test('reads every setting', () => {
  const config = readConfig({
    ...complete,
    DB_PORT: '3307',
    DB_POOL_SIZE: '3',
    SESSION_SECRET: `${secret}, ${secret}2`,
    HOST: '127.0.0.1',
    PORT: '80',
    TRUST_PROXY: '2',
    COOKIE_SECURE: 'always',
    COOKIE_PREFIX: 'blog-2_',
    PASSWORD_MIN_LENGTH: '8',
    GRAVATAR: 'on',
    HSTS: 'site',
    SECURITY_CONTACT: 'mailto:security@example.com',
    MAIL_URL: 'smtps://user%40example.com:a%20password@mail.example.com',
    MAIL_FROM: 'MiniTwit <noreply@example.com>',
    SITE_URL: 'https://twit.example.com/',
    LIMITS_STORE: 'rediss://user%40example.com:a%20password@limits.example.com:6380/2',
    LIMIT_LOGINS_PER_NAME: '1',
    LIMIT_LOGINS_PER_NAME_ANYWHERE: '5',
    LIMIT_LOGINS_PER_ADDRESS: '2',
    LIMIT_ALL_LOGINS_PER_NAME: '6',
    LIMIT_ALL_LOGINS_PER_ADDRESS: '7',
    LIMIT_REGISTRATIONS_PER_ADDRESS: '3',
    LIMIT_POSTS_PER_USER: '4',
    LIMIT_LINKS_PER_EMAIL: '11',
    LIMIT_RESETS_PER_ADDRESS: '12',
    LIMIT_EMAIL_CHANGES_PER_USER: '13',
    LIMIT_FOLLOWS_PER_USER: '8',
    LIMIT_PAGES_PER_USER: '9',
    LIMIT_PAGES_PER_ADDRESS: '10',
    LOG_LEVEL: 'warn',
    WEB_CONCURRENCY: '3',
    DRAIN_DELAY_S: '5',
    DRAIN_MAX_S: '20',
    METRICS_PORT: '9100',
    METRICS_HOST: '10.0.0.7',
  });
  expect(config.database).toMatchObject({ port: 3307, poolSize: 3 });
  expect(config).toMatchObject({
    sessionSecrets: [secret, `${secret}2`],
    host: '127.0.0.1',
    port: 80,
    trustProxy: 2,
    cookieSecure: 'always',
    cookiePrefix: 'blog-2_',
    passwordMinLength: 8,
    gravatar: true,
    hsts: 'site',
    securityContact: 'mailto:security@example.com',
    siteUrl: 'https://twit.example.com',
    mail: {
      smtp: {
        host: 'mail.example.com',
        port: 465,
        security: 'tls',
        auth: { user: 'user@example.com', pass: 'a password' },
      },
      from: 'MiniTwit <noreply@example.com>',
      siteUrl: 'https://twit.example.com',
    },
    limitsStore: {
      host: 'limits.example.com',
      port: 6380,
      tls: true,
      auth: { user: 'user@example.com', password: 'a password' },
      database: 2,
    },
    rateLimits: {
      loginsPerName: 1,
      loginsPerNameAnywhere: 5,
      loginsPerAddress: 2,
      allLoginsPerName: 6,
      allLoginsPerAddress: 7,
      registrationsPerAddress: 3,
      postsPerUser: 4,
      linksPerEmail: 11,
      resetsPerAddress: 12,
      emailChangesPerUser: 13,
      followsPerUser: 8,
      pagesPerUser: 9,
      pagesPerAddress: 10,
    },
    logLevel: 'warn',
    webConcurrency: 3,
    drainDelayMs: 5000,
    drainMaxMs: 20_000,
    metricsPort: 9100,
    metricsHost: '10.0.0.7',
  });
  expect(readConfig({ ...complete, RATE_LIMITS: 'off' }).rateLimits).toBeNull();
});

test('new passwords are longer and hard to guess in production, unless a shorter length is set', () => {
  const production = { ...complete, NODE_ENV: 'production' };
  const strict = { passwordMinLength: 8, refuseGuessablePasswords: true };
  expect(readConfig(production)).toMatchObject(strict);
  expect(readConfig({ ...production, PASSWORD_MIN_LENGTH: '5' })).toMatchObject({
    ...strict,
    passwordMinLength: 5,
  });
  expect(readConfig({ ...complete, NODE_ENV: 'development' })).toMatchObject({
    passwordMinLength: 1,
    refuseGuessablePasswords: false,
  });
});

const mail = {
  ...complete,
  MAIL_URL: 'smtp://mail.example.com',
  MAIL_FROM: 'noreply@example.com',
  SITE_URL: 'http://localhost:5000',
};

test.each([
  ['smtp://mail.example.com', { host: 'mail.example.com', port: 587, security: 'starttls' }],
  ['smtp://127.0.0.2:25', { host: '127.0.0.2', port: 25, security: 'starttls' }],
  ['smtp://localhost:25', { host: 'localhost', port: 25, security: 'none' }],
  ['smtp://[::1]:25', { host: '::1', port: 25, security: 'none' }],
  ['smtps://localhost', { host: 'localhost', port: 465, security: 'tls' }],
])('MAIL_URL=%s needs TLS unless the host is loopback', (url, smtp) => {
  expect(readConfig({ ...mail, MAIL_URL: url }).mail?.smtp).toEqual({ ...smtp, auth: null });
});

test('MAIL_URL needs MAIL_FROM and SITE_URL, and the error does not contain it', () => {
  const message = errorOf({ ...complete, MAIL_URL: 'smtps://user:a-password@mail.example.com' });
  expect(message).toBe(
    formatSettingsProblems([
      'MAIL_FROM is not set, but MAIL_URL is',
      'SITE_URL is not set, but MAIL_URL is',
    ]),
  );
  expect(errorOf({ ...mail, MAIL_URL: 'smtps://user:a-password@mail/path' })).not.toContain(
    'a-password',
  );
  expect(readConfig({ ...complete, SITE_URL: 'https://example.com' }).mail).toBeNull();
});

test('MAIL_URL=outbox: is refused in production', () => {
  const outbox = { ...mail, MAIL_URL: 'outbox:' };
  expect(readConfig(outbox).mail).toMatchObject({ smtp: null });
  expect(errorOf({ ...outbox, NODE_ENV: 'production' })).toContain(
    'MAIL_URL cannot be `outbox:` if NODE_ENV is `production`',
  );
});

test.each([
  ['MAIL_URL', 'https://mail.example.com'],
  ['MAIL_URL', 'smtp:'],
  ['MAIL_URL', 'smtps://user:50%@mail.example.com'],
  ['MAIL_URL', 'smtps://mail.example.com/?tls.rejectUnauthorized=false'],
  ['MAIL_FROM', 'nobody'],
  ['MAIL_FROM', 'a@example.com, b@example.com'],
  ['MAIL_FROM', 'MiniTwit\nBcc: b@example.com <a@example.com>'],
  ['SITE_URL', 'example.com'],
  ['SITE_URL', 'https://example.com/minitwit'],
  ['SITE_URL', 'javascript:alert(1)'],
])('refuses %s=%s', (name, value) => {
  expect(errorOf({ ...mail, [name]: value })).toContain(`  ${name} must`);
});

test.each([
  ['redis://127.0.0.1', { host: '127.0.0.1' }],
  ['redis://limits.example.com:7000/', { host: 'limits.example.com', port: 7000 }],
  ['rediss://[::1]/15', { host: '::1', tls: true, database: 15 }],
  ['rediss://:p%40ss@h', { host: 'h', tls: true, auth: { user: null, password: 'p@ss' } }],
])('reads LIMITS_STORE=%s', (url, store) => {
  expect(readConfig({ ...complete, LIMITS_STORE: url }).limitsStore).toEqual({
    port: 6379,
    tls: false,
    auth: null,
    database: 0,
    ...store,
  });
});

test.each([
  'limits.example.com:6379',
  'http://limits.example.com',
  'redis:',
  'redis://',
  'redis:///1',
  'redis://a-password@limits.example.com',
  'redis://user:a-password@limits.example.com/name',
  'redis://user:a-password@limits.example.com/1/2',
  'redis://user:a-password@limits.example.com/-1',
  'redis://user:a-password@limits.example.com:99999',
  'redis://user:a-password@limits.example.com?tls=no',
  'redis://user:a-password%@limits.example.com',
])('refuses LIMITS_STORE=%s, and the error does not contain it', (url) => {
  const message = errorOf({ ...complete, LIMITS_STORE: url });
  expect(message).toContain('  LIMITS_STORE must be redis://HOST:PORT/DATABASE or rediss://');
  expect(message).not.toContain('a-password');
});

test('reports settings that contradict each other', () => {
  const contradictions = {
    DRAIN_DELAY_S: '10',
    WEB_CONCURRENCY: '4',
    DB_POOL_SIZE: '3',
    LIMIT_LOGINS_PER_NAME_ANYWHERE: '300',
  };
  expect(errorOf({ ...complete, ...contradictions })).toBe(
    formatSettingsProblems([
      'DRAIN_DELAY_S must be less than DRAIN_MAX_S, which includes it',
      'DB_POOL_SIZE must be WEB_CONCURRENCY or more: each process needs a connection',
      'LIMIT_ALL_LOGINS_PER_NAME must be LIMIT_LOGINS_PER_NAME_ANYWHERE or more: it also counts failed logins',
    ]),
  );
});

test('reports an invalid setting once, although a rule compares it with another setting', () => {
  expect(errorOf({ ...complete, DRAIN_DELAY_S: 'x', WEB_CONCURRENCY: 'y' })).toBe(
    formatSettingsProblems([
      'WEB_CONCURRENCY must be an integer from 1 to 128',
      'DRAIN_DELAY_S must be an integer from 0 to 600',
    ]),
  );
});

test('treats an empty setting as unset', () => {
  expect(readConfig({ ...complete, PORT: '' }).port).toBe(5000);
  expect(errorOf({ ...complete, DB_PASSWD: '' })).toContain('DB_PASSWD is not set.');
});

test('reports all problems in one message, which contains no secret', () => {
  const message = errorOf({
    DB_HOST: '127.0.0.1',
    DB_PASSWD: 'a-database-password',
    DB_SSL_CA: '/no/such/file.pem',
    SESSION_SECRET: 'too-short',
    PORT: '5000x',
    TRUST_PROXY: '-1',
    COOKIE_SECURE: 'yes',
  });
  for (const name of ['DB_USER', 'DB_NAME', 'DB_SSL_CA', 'PORT', 'TRUST_PROXY', 'COOKIE_SECURE']) {
    expect(message).toContain(`  ${name} `);
  }
  expect(message).toContain('SESSION_SECRET must have 32 characters');
  expect(message).not.toContain('a-database-password');
  expect(message).not.toContain('too-short');
});

test.each([
  ['DB_PORT', '0'],
  ['DB_PORT', '65536'],
  ['DB_PORT', '3306.5'],
  ['DB_POOL_SIZE', '0'],
  ['DB_READ_HOST', 'a, ,b'],
  ['DB_READ_HOST', 'a:0'],
  ['DB_READ_HOST', 'a,b,a'],
  ['DB_READ_HOST', 'a:65536'],
  ['DB_READ_HOST', 'mysql://a'],
  ['DB_READ_HOST', Array.from({ length: 16 }, (_, index) => `replica-${index}`).join()],
  ['DB_READ_CONSISTENCY', 'session'],
  ['PASSWORD_MIN_LENGTH', '257'],
  ['COOKIE_PREFIX', 'a b'],
  ['COOKIE_PREFIX', '__Host-'],
  ['COOKIE_PREFIX', 'x'.repeat(33)],
  ['GRAVATAR', 'true'],
  ['HSTS', 'preload'],
  ['SECURITY_CONTACT', 'security@example.com'],
  ['SECURITY_CONTACT', 'https://example.com\nExpires: never'],
  ['LOG_LEVEL', 'loud'],
  ['SESSION_SECRET', `${secret},short`],
])('refuses %s=%s', (name, value) => {
  expect(errorOf({ ...complete, [name]: value })).toContain(`  ${name} must`);
});

test('refuses COOKIE_SECURE=always unless a proxy is trusted to report https', () => {
  const always = { ...complete, COOKIE_SECURE: 'always' };
  expect(errorOf(always)).toContain('COOKIE_SECURE cannot be `always` if TRUST_PROXY is 0');
  expect(errorOf({ ...always, TRUST_PROXY: '1' })).toBe('');
});

test('DB_SSL_CA needs a certificate in its file, and a host name in DB_HOST', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-config-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const pem = join(folder, 'ca.pem');
  const text = join(folder, 'ca.txt');
  await writeFile(pem, '-----BEGIN CERTIFICATE-----\n');
  await writeFile(text, 'no certificate\n');

  expect(readDatabaseConfig({ ...database, DB_SSL_CA: pem }).sslCa).toContain('BEGIN CERTIFICATE');
  expect(errorOf({ ...complete, DB_SSL_CA: text })).toContain(
    `DB_SSL_CA names ${text}, which has no PEM certificate`,
  );
  expect(errorOf({ ...complete, DB_READ_HOST: 'replica,10.0.0.8', DB_SSL_CA: pem })).toBe(
    formatSettingsProblems(['DB_READ_HOST must have host names, not addresses, with DB_SSL_CA']),
  );
  expect(errorOf({ ...database, DB_HOST: '10.0.0.7', DB_SSL_CA: pem })).toBe(
    formatSettingsProblems([
      'SESSION_SECRET is not set',
      'DB_HOST must be a host name, not an address, with DB_SSL_CA',
    ]),
  );
});

test('reads the replicas, with the port of the writer unless they have their own', () => {
  const replicas = (settings: Record<string, string>) =>
    readConfig({ ...complete, DB_PORT: '3307', ...settings }).replicas;
  expect(replicas({})).toBeNull();
  expect(replicas({ DB_READ_HOST: 'a.example.com:3310, b' })).toEqual({
    servers: [
      { host: 'a.example.com', port: 3310 },
      { host: 'b', port: 3307 },
    ],
    consistency: 'gtid',
  });
  expect(replicas({ DB_READ_HOST: 'a', DB_READ_CONSISTENCY: 'aurora' })?.consistency).toBe(
    'aurora',
  );
});

test('reads the database settings without any other', () => {
  expect(readDatabaseConfig(database).host).toBe('db.example.com');
  expect(() => readDatabaseConfig({})).toThrow(/DB_HOST is not set[^]*DB_NAME is not set/);
});
