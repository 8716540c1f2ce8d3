import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LimitsStoreConfig } from '../../src/config/limits-store-settings.ts';
import type { Defer } from './cleanup.ts';
import { reservePort } from './ports.ts';
import { type Program, startCommand } from './programs.ts';
import { findTool } from './tools.ts';

/** A private Redis server that stores nothing on the disk. */
export interface RedisServer {
  config: LimitsStoreConfig;
  /** Sends a signal, and resolves when the server has ended if the signal ends it. */
  signal: (signal: NodeJS.Signals) => Promise<void>;
  /** Starts the server again, with the same port and without its data. */
  restart: () => Promise<void>;
}

/**
 * Starts a server. Debian's package is unpacked if it is missing.
 * @param options the options of redis-server
 * @param isTls whether the port is for TLS. `options` then have the certificate
 */
export async function startRedis(
  defer: Defer,
  options: string[] = [],
  { isTls = false } = {},
): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-redis-'));
  defer(() => rm(folder, { recursive: true, force: true }));
  const port = await reservePort(defer);
  const ports = isTls ? ['--port', '0', '--tls-port', String(port)] : ['--port', String(port)];
  const fixed = ['--bind', '127.0.0.1', ...ports, '--save', '', '--dir', folder];
  let program: Program;
  async function start(): Promise<void> {
    program = startCommand(
      [findTool('redis-server'), ...fixed, ...options],
      {},
      { outlivesTest: true },
    );
    await program.waitForOutput('Ready to accept connections');
  }
  async function signal(name: NodeJS.Signals): Promise<void> {
    program.process.kill(name);
    if (name === 'SIGKILL') await program.ended;
  }
  await start();
  defer(() => signal('SIGKILL'));
  return {
    config: { host: '127.0.0.1', port, tls: isTls, auth: null, database: 0 },
    signal,
    restart: start,
  };
}
