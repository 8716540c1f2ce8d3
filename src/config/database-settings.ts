import { isIP } from 'node:net';
import { z } from 'zod';
import { integer, oneOf, pemFile, required } from './environment.ts';

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
      'Maximum number of connections of all processes of an instance to the database, and to each replica. If a server accepts fewer, requests wait for those.',
    ),
};

const REPLICAS_MAX = 15;

/** The address of a server. `port` is null if it is `DB_PORT`. */
interface ServerAddress {
  host: string;
  port: number | null;
}

const serverList = z.string().transform((list, context) => {
  const servers = list.split(',').map((text) => parseServer(text.trim()));
  const names = new Set(servers.map((server) => `${server?.host}:${server?.port}`));
  const areValid = servers.every((server) => server !== null) && names.size === servers.length;
  if (areValid && servers.length <= REPLICAS_MAX) return servers;
  context.addIssue(
    `must be up to ${REPLICAS_MAX} different host names, separated by commas, each with a port or without one`,
  );
  return z.NEVER;
});

function parseServer(text: string): ServerAddress | null {
  const [, host, port] = /^([^\s:/@]+)(?::([1-9]\d{0,4}))?$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) return null;
  return { host, port: port === undefined ? null : Number(port) };
}

/** The settings of the replicas from which the web application reads. */
export const replicaFields = {
  DB_READ_HOST: serverList
    .nullable()
    .default(null)
    .describe(
      'Host names of replicas from which pages are read, separated by commas, each with `:PORT` if it differs from `DB_PORT`. See [scaling](docs/scaling.md).',
    ),
  DB_READ_CONSISTENCY: oneOf('gtid', 'aurora')
    .default('gtid')
    .describe(
      "How replicas catch up with the writer before a read. `gtid`: MiniTwit waits for the writer's GTIDs. `aurora`: Aurora waits, which needs write forwarding.",
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

/** Returns whether TLS can verify each name in `DB_READ_HOST`. */
export const canVerifyReplicas = ({
  DB_READ_HOST,
  DB_SSL_CA,
}: {
  DB_READ_HOST: ServerAddress[] | null;
  DB_SSL_CA: string | null;
}) => !DB_SSL_CA || !DB_READ_HOST?.some(({ host }) => isIP(host));

/** The problem of settings without `canVerifyReplicas`. */
export const unverifiableReplicas = problemOf(
  'DB_READ_HOST',
  'must have host names, not addresses, with DB_SSL_CA',
);

/** The settings of a program that uses the database alone. */
export const databaseSettings = z.object(databaseFields).refine(hasNameForTls, noNameForTls);

/** The settings of a program that changes the database user of the server. */
export const appUserSettings = databaseSettings.and(z.object({ APP_DB_PASSWD: required }));

/** The settings of a program that also creates the user who may only read. */
export const readerSettings = appUserSettings.and(z.object({ READER_DB_PASSWD: required }));

/** The settings of a program that gives this user a second password. */
export const addedPasswordSettings = appUserSettings.and(z.object({ NEW_APP_DB_PASSWD: required }));
