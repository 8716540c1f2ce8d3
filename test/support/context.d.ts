import 'vitest';
import type { DatabaseConfig } from '../../src/config/config.ts';

declare module 'vitest' {
  /** The values that the global set-up of a project provides to its tests. */
  interface ProvidedContext {
    database: DatabaseConfig;
    /** The same server with an administrator's login. Null if the tests have none. */
    administrator: DatabaseConfig | null;
    /** Whether the tables have foreign keys. They have some unless it is false. */
    hasForeignKeys: boolean | undefined;
    /** The path of the certificate of the server's authority. Only for a server with TLS. */
    authority: string;
    /** The URL of the AWS emulator. */
    aws: string;
    /** The WebSocket URL of the Chromium that all files of a project share. */
    chromium: string;
    /** The store of the rate limits. Undefined for the table `rate_limit`. */
    limitsStore: 'redis' | undefined;
    /** The path of the file into which the cluster tests write their measurements. */
    figures: string;
  }
}
