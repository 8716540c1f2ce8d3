import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import { findFreePort } from '../../src/dev/free-port.ts';
import { useCleanup } from './cleanup.ts';
import { copyProgram } from './copy-program.ts';
import { type Program, startProgram } from './programs.ts';

/** A copy of the source with its own data folder. */
export interface Checkout {
  home: string;
  port: string;
  url: string;
  /** Starts `src/local.ts`, as `npm run local` does. */
  start: (...parameters: string[]) => Program;
  /** Starts `src/local.ts`, and waits until the server listens. */
  startAndWait: (...parameters: string[]) => Promise<Program>;
}

/** Creates a checkout for the tests of this file. Its path contains a space, and is too long for a socket. */
export function useCheckout(): Checkout {
  const checkout = {
    home: '',
    port: '',
    url: '',
    start(...parameters: string[]) {
      const { home: cwd, port: PORT } = checkout;
      const settings = { PORT, DB_HOST: 'ignored', NODE_COMPILE_CACHE: join(cwd, 'cache') };
      return startProgram(join(cwd, 'src/local.ts'), settings, { cwd, parameters });
    },
    async startAndWait(...parameters: string[]) {
      const local = checkout.start(...parameters);
      await local.waitForOutput(`MiniTwit is ready: ${checkout.url}`);
      return local;
    },
  };
  const defer = useCleanup();
  beforeAll(async () => {
    checkout.home = await copyProgram(defer, `minitwit local ${'x'.repeat(100)}`);
    checkout.port = String(await findFreePort());
    checkout.url = `http://localhost:${checkout.port}`;
  });
  return checkout;
}

/** Stops a program with a signal, and expects the exit status 0. */
export async function expectCleanStop(
  local: Program,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<void> {
  local.process.kill(signal);
  expect(await local.ended).toBe(0);
}
