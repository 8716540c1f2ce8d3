import type { OwnServer, RequestSource } from './bench-page.ts';
import type { Options } from './options.ts';
import type { WebServer } from './servers.ts';

/** The servers that are compared. */
export interface Servers extends Record<OwnServer, WebServer> {
  hello: WebServer;
  /** Null where the data set is too large for it. */
  original: WebServer | null;
  /** Starts Node's own server, which sends the responses of a file. Null if it is not measured. */
  startNodeAlone: ((path: string) => Promise<WebServer>) | null;
}

/** The data, options and folder of all measurements with a data set. */
export interface BenchContext {
  source: RequestSource;
  options: Options;
  folder: string;
  logProgress: (progress: string) => void;
}
