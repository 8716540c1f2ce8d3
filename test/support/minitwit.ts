import type { Express } from 'express';
import { type Logger, pino } from 'pino';
import request from 'supertest';
import { createApp } from '../../src/web/app.ts';
import {
  type Config,
  type DatabaseConfig,
  type RateLimitConfig,
  readConfig,
} from '../../src/config/config.ts';
import { type Database, openDatabase } from '../../src/database/database.ts';
import { createPasswords } from '../../src/web/passwords/passwords.ts';
import { createRateLimits } from '../../src/repositories/rate-limits.ts';
import { createRepositories, type Repositories } from '../../src/repositories/repositories.ts';
import { useCleanup } from './cleanup.ts';
import { useDatabase } from './database.ts';

const environment = {
  DB_HOST: 'given',
  DB_USER: 'by',
  DB_PASSWD: 'the',
  DB_NAME: 'tests',
  SESSION_SECRET: 'a secret of the tests with 32 characters or more',
};

/** The settings of the tests' application, as an environment that says little else gives them. */
export const testConfig: Config = readConfig({
  ...environment,
  // what tests do in a minute would be too much
  RATE_LIMITS: 'off',
});

/** The default limits, for tests that change some of them. */
export const testLimits = readConfig(environment).rateLimits as RateLimitConfig;

/** MiniTwit on a database of its own. */
export interface MiniTwit {
  app: Express;
  database: Database;
  repositories: Repositories;
  /** The same with other settings, on the same database. It logs nothing, unless it is given a logger. */
  withSettings: (settings: Partial<Config>, logger?: Logger) => Express;
  databaseConfig: DatabaseConfig;
  /** Another instance, with connections of its own to the same database, and caches of its own. */
  anotherInstance: (way?: DatabaseConfig) => Express;
  /** Somebody who comes with a new browser, to this instance where there are several. */
  visitor: (instance?: Express) => Visitor;
  /** Somebody who comes with a new browser, registers and logs in. */
  user: (username: string) => Promise<Visitor>;
}

/** Opens the real application for this file's tests. Hashing is made cheap (bcrypt's cost), and nothing is logged. */
export function useMiniTwit(settings: Partial<Config> = {}, { cost = 4 } = {}): MiniTwit {
  const { config: databaseConfig, database } = useDatabase();
  const repositories = createRepositories(database);
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
      rateLimits: createRateLimits(own.database, config.rateLimits, logger),
      passwords,
      isReady: () => own.repositories.isReady(),
      logger,
    });
  };
  const silent = pino({ level: 'silent' });
  const withSettings = (others: Partial<Config>, logger = silent) => createInstance(others, logger);
  const anotherInstance = (way = databaseConfig) => {
    const own = openDatabase(way);
    defer(() => own.end());
    return createInstance({}, silent, { database: own, repositories: createRepositories(own) });
  };
  const app = withSettings({});
  const visitor = (instance = app) => createVisitor(instance);
  return {
    app,
    database,
    repositories,
    withSettings,
    databaseConfig,
    anotherInstance,
    visitor,
    user: (username) => createUser(app, username),
  };
}

/** A browser in somebody's hand: it keeps cookies, and follows redirects. */
export type Visitor = ReturnType<typeof createVisitor>;

/** Somebody who comes with a new browser to the application, or to wherever it is. */
export function createVisitor(origin: Express | string) {
  const agent = request.agent(origin);
  const get = (path: string) => agent.get(path).redirects(3);
  const post = (path: string, form: Record<string, string> = {}) =>
    agent.post(path).type('form').send(form).redirects(3);
  return {
    /** For what is not a plain visit: it does not follow redirects. */
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

/** Somebody who has come with a new browser, registered and logged in. */
export async function createUser(origin: Express | string, username: string): Promise<Visitor> {
  const someone = createVisitor(origin);
  await someone.register(username, 'a password');
  await someone.login(username, 'a password');
  return someone;
}
