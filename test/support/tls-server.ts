import { existsSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Defer } from './cleanup.ts';
import { type KeyPair, createCertificate } from './certificates.ts';
import { runSql } from './database.ts';
import { REAL_MYSQL, startRealMysql } from './real-mysql.ts';
import { type Logins, startTemporaryMariadb } from './temporary-mariadb.ts';

/** A database server that refuses connections without TLS. Its settings have the host `localhost` and its authority. */
export interface TlsServer extends Logins {
  /** Stops the server and deletes its files. */
  stop(): Promise<void>;
}

/**
 * Starts a server with a certificate for this host name: MySQL if this machine can start one, otherwise MariaDB. If the
 * start fails, or if this process is killed, the server is stopped and its files are deleted.
 */
export async function startTlsServer(authority: KeyPair, host: string): Promise<TlsServer> {
  await using cleanups = new AsyncDisposableStack();
  const { key, certificate } = await createCertificate(
    dirname(authority.certificate),
    authority,
    host,
  );
  const options = [
    `--ssl-ca=${authority.certificate}`,
    `--ssl-cert=${certificate}`,
    `--ssl-key=${key}`,
  ];
  const start = existsSync(REAL_MYSQL) ? startMysql : startMariadb;
  const server = await start((act) => cleanups.defer(act), options);
  const tls = { host: 'localhost', sslCa: await readFile(authority.certificate, 'utf8') };
  const moved = cleanups.move();
  return {
    config: { ...server.config, ...tls },
    administrator: { ...server.administrator, ...tls },
    stop: () => moved.disposeAsync(),
  };
}

function startMysql(defer: Defer, options: string[]): Promise<Logins> {
  return startRealMysql(defer, ['--require-secure-transport=ON', ...options]);
}

async function startMariadb(defer: Defer, options: string[]): Promise<Logins> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-mariadb-'));
  const logins = await startTemporaryMariadb(defer, folder, options);
  // It is not a start option, since the start waits until the server accepts a connection without TLS.
  await runSql(logins.administrator, 'set global require_secure_transport = on');
  return logins;
}
