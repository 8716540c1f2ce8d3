import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig, readDatabaseConfig } from '../../src/config/config.ts';

const database = {
  DB_HOST: 'db.example.com',
  DB_USER: 'minitwit',
  DB_PASSWD: 'x',
  DB_NAME: 'twits',
};
const secret = 'one secret that has 32 characters';
const complete = { ...database, SESSION_SECRET: secret };

function problems(environment: Record<string, string>): string {
  try {
    readConfig(environment);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

test('what is not set has the default that README.md names', () => {
  expect(readConfig(complete)).toEqual({
    database: {
      host: 'db.example.com',
      port: 3306,
      user: 'minitwit',
      password: 'x',
      name: 'twits',
      sslCa: null,
      poolSize: 10,
    },
    sessionSecrets: [secret],
    host: '0.0.0.0',
    port: 5000,
    trustProxy: 0,
    cookieSecure: 'auto',
    cookiePrefix: '',
    passwordMinLength: 1,
    refuseGuessablePasswords: false,
    gravatar: false,
    hsts: 'host',
    securityContact: null,
    rateLimits: {
      loginsPerName: 10,
      loginsPerNameAnywhere: 100,
      loginsPerAddress: 500,
      allLoginsPerName: 200,
      allLoginsPerAddress: 600,
      registrationsPerAddress: 500,
      postsPerUser: 60,
      followsPerUser: 60,
      pagesPerUser: 300,
      pagesPerAddress: 1500,
    },
    logLevel: 'info',
    webConcurrency: 1,
    drainDelayMs: 0,
    drainMaxMs: 10_000,
    metricsPort: null,
    metricsHost: '127.0.0.1',
  });
});

test('every setting is read', () => {
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
    LIMIT_LOGINS_PER_NAME: '1',
    LIMIT_LOGINS_PER_NAME_ANYWHERE: '5',
    LIMIT_LOGINS_PER_ADDRESS: '2',
    LIMIT_ALL_LOGINS_PER_NAME: '6',
    LIMIT_ALL_LOGINS_PER_ADDRESS: '7',
    LIMIT_REGISTRATIONS_PER_ADDRESS: '3',
    LIMIT_POSTS_PER_USER: '4',
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
    rateLimits: {
      loginsPerName: 1,
      loginsPerNameAnywhere: 5,
      loginsPerAddress: 2,
      allLoginsPerName: 6,
      allLoginsPerAddress: 7,
      registrationsPerAddress: 3,
      postsPerUser: 4,
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

test('in production, passwords are longer and not easy to guess, unless a shorter length is set', () => {
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

test('settings that contradict each other are told', () => {
  const message = problems({
    ...complete,
    DRAIN_DELAY_S: '10',
    WEB_CONCURRENCY: '4',
    DB_POOL_SIZE: '3',
    LIMIT_LOGINS_PER_NAME_ANYWHERE: '300',
  });
  expect(message.split('\n').slice(1)).toEqual([
    '  DRAIN_DELAY_S must be less than DRAIN_MAX_S, of which it is a part',
    '  DB_POOL_SIZE must be WEB_CONCURRENCY or more: each worker needs a connection',
    '  LIMIT_ALL_LOGINS_PER_NAME must be LIMIT_LOGINS_PER_NAME_ANYWHERE or more: it counts failed logins too',
  ]);
  expect(problems({ ...complete, DRAIN_DELAY_S: 'x', WEB_CONCURRENCY: 'y' }).split('\n')).toEqual([
    'Settings that need attention:',
    '  WEB_CONCURRENCY must be a whole number from 1 to 128',
    '  DRAIN_DELAY_S must be a whole number from 0 to 600',
  ]);
});

test('a setting that is set to nothing is not set', () => {
  expect(readConfig({ ...complete, PORT: '' }).port).toBe(5000);
  expect(problems({ ...complete, DB_PASSWD: '' })).toContain('DB_PASSWD is not set');
});

test('all problems are told at once, in one message, without a secret', () => {
  const message = problems({
    DB_HOST: '127.0.0.1',
    DB_PASSWD: 'tell-nobody',
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
  expect(message).not.toContain('tell-nobody');
  expect(message).not.toContain('too-short');
});

test.each([
  ['DB_PORT', '0'],
  ['DB_PORT', '65536'],
  ['DB_PORT', '3306.5'],
  ['DB_POOL_SIZE', '0'],
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
])('%s=%s is refused', (name, value) => {
  expect(problems({ ...complete, [name]: value })).toContain(`  ${name} must`);
});

test('cookies for https alone need somebody who tells of https', () => {
  const always = { ...complete, COOKIE_SECURE: 'always' };
  expect(problems(always)).toContain('COOKIE_SECURE cannot be `always` where TRUST_PROXY is 0');
  expect(problems({ ...always, TRUST_PROXY: '1' })).toBe('');
});

test('TLS needs a certificate in the file, and a name to compare it with', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-config-'));
  const pem = join(folder, 'ca.pem');
  const text = join(folder, 'ca.txt');
  await writeFile(pem, '-----BEGIN CERTIFICATE-----\n');
  await writeFile(text, 'no certificate\n');

  expect(readDatabaseConfig({ ...database, DB_SSL_CA: pem }).sslCa).toContain('BEGIN CERTIFICATE');
  expect(problems({ ...complete, DB_SSL_CA: text })).toContain('DB_SSL_CA names a file without');
  expect(problems({ ...database, DB_HOST: '10.0.0.7', DB_SSL_CA: pem })).toMatch(
    /DB_HOST must be a name[^]*|SESSION_SECRET is not set[^]*DB_HOST must be a name/,
  );
  await rm(folder, { recursive: true });
});

test('the database settings alone are enough for a program that needs no more', () => {
  expect(readDatabaseConfig(database).host).toBe('db.example.com');
  expect(() => readDatabaseConfig({})).toThrow(/DB_HOST is not set[^]*DB_NAME is not set/);
});
