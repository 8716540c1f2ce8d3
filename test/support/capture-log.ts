import { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';

/** Returns a logger, and the lines that it has written so far. */
export function captureLog(level = 'info'): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const log = new Writable({
    write(line: Buffer, _encoding, done) {
      lines.push(String(line));
      done();
    },
  });
  return { logger: pino({ level }, log), lines };
}
