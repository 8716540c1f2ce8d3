import { isIP } from 'node:net';
import { z } from 'zod';
import { integer, pemFile, required } from './environment.ts';

/** The settings of the database. */
export const databaseFields = {
  DB_HOST: required.describe('Host name of the database server.'),
  DB_PORT: integer(1, 65_535).default(3306).describe('TCP port of the database server.'),
  DB_USER: required.describe('Name of the database user.'),
  DB_PASSWD: required.describe('Password of the database user.'),
  DB_NAME: required.describe('Name of the database.'),
  DB_SSL_CA: pemFile
    .nullable()
    .default(null)
    .describe(
      'Path of the PEM file of a certificate authority. The server then connects with TLS only and verifies `DB_HOST`.',
    ),
  DB_POOL_SIZE: integer(1, 1000)
    .default(10)
    .describe(
      'Maximum number of database connections of all processes of an instance. If the database accepts fewer, requests wait for those.',
    ),
};

/** Returns the options of a rule that concerns several settings. It is checked even if other settings are invalid. */
export const problemOf = (name: string, error: string) => ({
  path: [name],
  error,
  when: () => true,
});

/** Returns whether TLS can verify `DB_HOST`. mysql2 would replace an address by `localhost`. */
export const hasNameForTls = ({
  DB_HOST,
  DB_SSL_CA,
}: {
  DB_HOST: string;
  DB_SSL_CA: string | null;
}) => !DB_SSL_CA || isIP(DB_HOST) === 0;

/** The problem of settings without `hasNameForTls`. */
export const noNameForTls = problemOf(
  'DB_HOST',
  'must be a host name, not an address, with DB_SSL_CA',
);

/** The settings of a program that uses the database alone. */
export const databaseSettings = z.object(databaseFields).refine(hasNameForTls, noNameForTls);

/** The settings of a program that changes the database user of the server. */
export const appUserSettings = databaseSettings.and(z.object({ APP_DB_PASSWD: required }));

/** The settings of a program that also creates the user who may only read. */
export const readerSettings = appUserSettings.and(z.object({ READER_DB_PASSWD: required }));

/** The settings of a program that gives this user a second password. */
export const addedPasswordSettings = appUserSettings.and(z.object({ NEW_APP_DB_PASSWD: required }));
