import type { RequestListener } from 'node:http';
import { type Logger, pino } from 'pino';
import request from 'supertest';
import { type App, createApp } from '../../src/web/app.ts';
import {
  type Config,
  type DatabaseConfig,
  type RateLimitConfig,
  readConfig,
} from '../../src/config/config.ts';
import { type Database, openDatabase } from '../../src/database/database.ts';
import { findLatestVersion } from '../../src/database/latest-migration.ts';
import { createPasswords } from '../../src/web/passwords/passwords.ts';
import { createRateLimits } from '../../src/repositories/rate-limits.ts';
import { createRepositories, type Repositories } from '../../src/repositories/repositories.ts';
import { useCleanup } from './cleanup.ts';
import { useDatabase } from './database.ts';
import { type LimitsStore, useLimitsStore } from './limits-store.ts';

const SCHEMA_VERSION = await findLatestVersion();

const environment = {
  DB_HOST: 'given',
  DB_USER: 'by',
  DB_PASSWD: 'the',
  DB_NAME: 'tests',
  SESSION_SECRET: 'a secret of the tests with 32 characters or more',
};

/** The settings of the tests' application: the defaults, but without rate limits. */
export const testConfig: Config = readConfig({
  ...environment,
  // Tests send more requests in a minute than the limits allow.
  RATE_LIMITS: 'off',
});

/** The default rate limits, for tests that change some of them. */
export const testLimits = readConfig(environment).rateLimits as RateLimitConfig;

/** The application with its own database. */
export interface MiniTwit {
  app: App;
  database: Database;
  repositories: Repositories;
  limitsStore: LimitsStore;
  /** Returns an application with other settings on the same database. Without `logger`, it logs nothing. */
  withSettings: (settings: Partial<Config>, logger?: Logger) => App;
  databaseConfig: DatabaseConfig;
  /** Returns another instance on the same database, with its own connections and caches. */
  anotherInstance: (way?: DatabaseConfig) => App;
  /** Returns a client without cookies, of `instance` if there are several. */
  visitor: (instance?: RequestListener) => Visitor;
  /** Registers a user, and returns the user's client, which is logged in. */
  user: (username: string) => Promise<Visitor>;
}

/** Creates the application for the tests of this file. Its password hashes are cheap, and it logs nothing. */
export function useMiniTwit(settings: Partial<Config> = {}, { cost = 4 } = {}): MiniTwit {
  const { config: databaseConfig, database } = useDatabase();
  const repositories = createRepositories(database);
  const limitsStore = useLimitsStore(database);
  const passwords = createPasswords({ cost });
  const defer = useCleanup();
  defer(() => passwords.close());
  const createInstance = (
    others: Partial<Config>,
    logger: Logger,
    own = { database, repositories },
  ) => {
    const config = { ...testConfig, ...settings, ...others };
    return createApp({
      config,
      repositories: own.repositories,
      rateLimits: createRateLimits(limitsStore.open(own.database), config.rateLimits, logger),
      passwords,
      isReady: () => own.repositories.isReady(SCHEMA_VERSION),
      logger,
    });
  };
  const silent = pino({ level: 'silent' });
  const withSettings = (others: Partial<Config>, logger = silent) => createInstance(others, logger);
  const anotherInstance = (config = databaseConfig) => {
    const own = openDatabase(config);
    defer(() => own.end());
    return createInstance({}, silent, { database: own, repositories: createRepositories(own) });
  };
  const app = withSettings({});
  const visitor = (instance: RequestListener = app) => createVisitor(instance);
  return {
    app,
    database,
    repositories,
    limitsStore,
    withSettings,
    databaseConfig,
    anotherInstance,
    visitor,
    user: (username) => createUser(app, username),
  };
}

/** A client that stores cookies and follows redirects. */
export type Visitor = ReturnType<typeof createVisitor>;

/** Returns a client without cookies, of an application or of a URL. */
export function createVisitor(origin: RequestListener | string) {
  const agent = request.agent(origin);
  const get = (path: string) => agent.get(path).redirects(3);
  const post = (path: string, form: Record<string, string> = {}) =>
    agent.post(path).type('form').send(form).redirects(3);
  return {
    /** Sends requests without following redirects. */
    agent,
    get,
    post,
    register: (
      username: string,
      password: string,
      { password2 = password, email = 'someone@example.com' } = {},
    ) => post('/register', { username, email, password, password2 }),
    login: (username: string, password: string) => post('/login', { username, password }),
    logout: () => post('/logout'),
    addMessage: (text: string) => post('/add_message', { text }),
  };
}

/** Registers a user, and returns the user's client, which is logged in. */
export async function createUser(
  origin: RequestListener | string,
  username: string,
): Promise<Visitor> {
  const user = createVisitor(origin);
  await user.register(username, 'a password');
  await user.login(username, 'a password');
  return user;
}
