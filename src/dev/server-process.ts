import { fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import pretty from 'pino-pretty';
import type { Environment } from '../config/environment.ts';

// TypeScript when this file is TypeScript, and JavaScript in dist/.
const SERVER = new URL(`../server${extname(import.meta.url)}`, import.meta.url);

/** A server in a child process. */
export interface ServerProcess {
  /** Resolves with the exit status, or null if a signal ended the process. */
  ended: Promise<number | null>;
  /** Sends SIGTERM, which starts a graceful shutdown. */
  stop: () => void;
}

/**
 * Starts the server as production does, and prints its log in a readable form.
 * @param onListening called with the port when the server listens
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

/** Returns a short text for the log line of a request, or null for any other line. */
function formatRequest({ req, res, responseTime }: LogLine): string | null {
  return req && res ? `${req.method} ${req.path} ${res.statusCode} in ${responseTime} ms` : null;
}
