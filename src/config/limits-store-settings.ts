import { z } from 'zod';

const DEFAULT_PORT = 6379;

/** The address of a Redis or Valkey server, and the account to log in with. */
export interface LimitsStoreConfig {
  host: string;
  port: number;
  /** True if the server's certificate and host name are verified. */
  tls: boolean;
  /** Null for no login. `user` is null for the default user. */
  auth: { user: string | null; password: string } | null;
  /** The number of the database on the server. */
  database: number;
}

/** The setting of the store of the rate limits. Null means the database. */
export const limitsStoreFields = {
  LIMITS_STORE: z
    .string()
    .transform((value, context) => {
      const config = parseRedisUrl(value);
      if (config !== null) return config;
      // The value may have a password, so the message does not repeat it.
      context.addIssue(
        'must be redis://HOST:PORT/DATABASE or rediss://USER:PASSWORD@HOST:PORT/DATABASE, with special characters encoded',
      );
      return z.NEVER;
    })
    .nullable()
    .default(null)
    .describe(
      'Redis (7 or later) or Valkey server in which all instances count for the limits: `redis://HOST:PORT/DATABASE`, or `rediss://USER:PASSWORD@HOST:PORT/DATABASE` for TLS. Without it, they count in the database. See [operation](docs/operation.md#limits-in-redis).',
    ),
};

/** Returns null if the URL is not that of a Redis server. */
function parseRedisUrl(value: string): LimitsStoreConfig | null {
  const url = URL.parse(value);
  if (!url?.hostname || !['redis:', 'rediss:'].includes(url.protocol)) return null;
  const path = /^\/?(\d{0,4})$/.exec(url.pathname);
  if (!path || url.search || url.hash) return null;
  // A user without a password cannot log in.
  if (url.username && !url.password) return null;
  try {
    return {
      host: decodeURIComponent(url.hostname).replaceAll(/[[\]]/g, ''),
      port: Number(url.port) || DEFAULT_PORT,
      tls: url.protocol === 'rediss:',
      auth: url.password
        ? {
            user: decodeURIComponent(url.username) || null,
            password: decodeURIComponent(url.password),
          }
        : null,
      database: Number(path[1]),
    };
  } catch {
    return null;
  }
}
