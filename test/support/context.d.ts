import 'vitest';
import type { DatabaseConfig } from '../../src/config/config.ts';

declare module 'vitest' {
  /** What the projects of vitest.config.ts give their tests. */
  interface ProvidedContext {
    database: DatabaseConfig;
    /** The same server, as somebody who may do anything there; null where the tests have no such user. */
    administrator: DatabaseConfig | null;
    /** Path of the certificate of the authority that signed the server's; only of a server with TLS. */
    authority: string;
    /** Where the emulator of AWS is. */
    aws: string;
    /** The WebSocket URL of the Chromium that all files of a project share. */
    chromium: string;
    /** Path of the file in which the cluster's tests note what they measure. */
    figures: string;
  }
}
