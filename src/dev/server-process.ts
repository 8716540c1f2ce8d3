import { fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import pretty from 'pino-pretty';
import type { Environment } from '../config/environment.ts';

// TypeScript when this file is TypeScript, and JavaScript in dist/.
const SERVER = new URL(`../server${extname(import.meta.url)}`, import.meta.url);

/** A server in a process of its own. */
export interface ServerProcess {
  /** Resolves with its exit status; null when a signal ended it. */
  ended: Promise<number | null>;
  /** Asks it to shut down gracefully. */
  stop: () => void;
}

/**
 * Starts the server as production does, and prints its log in a readable form.
 * @param onListening receives the port once pages can be read
 */
export function startServerProcess(
  environment: Environment,
  { colorize, onListening }: { colorize: boolean; onListening: (port: number) => void },
): ServerProcess {
  const server = fork(SERVER, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'], env: environment });
  server.once('message', ({ port }: { port: number }) => onListening(port));
  server.stdout?.pipe(
    pretty({
      colorize,
      translateTime: 'SYS:HH:MM:ss',
      ignore: 'pid,hostname,host,port,req,route,userId,res,responseTime',
      messageFormat: (line, messageKey) => formatRequest(line) ?? String(line[messageKey]),
    }),
  );
  return {
    ended: once(server, 'exit').then(([status]) => status as number | null),
    stop: () => void server.kill('SIGTERM'),
  };
}

interface LogLine {
  req?: { method: string; path: string };
  res?: { statusCode: number };
  responseTime?: number;
}

/** Formats a request in a few words; null when the line is about something else. */
function formatRequest({ req, res, responseTime }: LogLine): string | null {
  return req && res ? `${req.method} ${req.path} ${res.statusCode} in ${responseTime} ms` : null;
}
