import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type DatabaseConfig, readDatabaseConfig } from '../../src/config.ts';
import { startPrivateMariadb } from '../../src/dev/mariadb/private-mariadb.ts';
import { createAdministrator } from './administrator.ts';
import { type KeyPair, makeCertificate } from './certificates.ts';
import { runSql } from './database.ts';
import { REAL_MYSQL, startRealMysql } from './real-mysql.ts';

/** A database server that refuses connections without TLS. */
export interface TlsServer {
  /** How to log in to it, on `localhost`, with the authority that signed its certificate. */
  config: DatabaseConfig;
  /** The same as a user who may do anything. */
  administrator: DatabaseConfig;
  stop(): Promise<void>;
}

/**
 * Starts a server that shows a certificate for this host name: MySQL where this machine can start one, otherwise
 * MariaDB.
 */
export async function startTlsServer(authority: KeyPair, host: string): Promise<TlsServer> {
  const { key, certificate } = await makeCertificate(
    dirname(authority.certificate),
    authority,
    host,
  );
  const options = [
    `--ssl-ca=${authority.certificate}`,
    `--ssl-cert=${certificate}`,
    `--ssl-key=${key}`,
  ];
  const server = await (existsSync(REAL_MYSQL) ? startMysql(options) : startMariadb(options));
  const tls = { host: 'localhost', sslCa: await readFile(authority.certificate, 'utf8') };
  return {
    ...server,
    config: { ...server.config, ...tls },
    administrator: { ...server.administrator, ...tls },
  };
}

async function startMysql(options: string[]): Promise<TlsServer> {
  const mysql = await startRealMysql('--require-secure-transport=ON', ...options);
  return {
    config: readDatabaseConfig(mysql.settings),
    administrator: readDatabaseConfig(mysql.administrator),
    stop: () => mysql.stop(),
  };
}

async function startMariadb(options: string[]): Promise<TlsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-mariadb-'));
  const { init, loginTo } = createAdministrator();
  const mariadb = await startPrivateMariadb(folder, { options, init });
  const administrator = loginTo(mariadb.config);
  // Not an option of its start, which ends when the server takes a connection without TLS.
  await runSql(administrator, 'set global require_secure_transport = on');
  return {
    config: mariadb.config,
    administrator,
    async stop() {
      await mariadb.stop();
      await rm(folder, { recursive: true });
    },
  };
}
