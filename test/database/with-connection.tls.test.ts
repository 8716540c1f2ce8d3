import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, inject, test } from 'vitest';
import { useCleanup } from '../support/cleanup.ts';
import { createAuthority } from '../support/certificates.ts';
import { runSql } from '../support/database.ts';
import { startTlsServer, type TlsServer } from '../support/tls-server.ts';

const server = inject('database');
const defer = useCleanup();
let folder: string;
let otherServer: TlsServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-tls-'));
  defer(() => rm(folder, { recursive: true }));
  const authority = await createAuthority(folder, 'other-authority');
  otherServer = await startTlsServer(authority, 'database.example.com');
  defer(() => otherServer.stop());
});

test('connects if the certificate of the server is signed by the configured authority', async () => {
  await expect(runSql(server, 'select 1')).resolves.toBeUndefined();
});

test('the server refuses a connection without TLS', async () => {
  await expect(runSql({ ...server, sslCa: null }, 'select 1')).rejects.toThrow(
    /secure transport|refused the user/,
  );
});

test('refuses a server whose certificate is signed by another authority', async () => {
  const sslCa = await readFile(join(folder, 'other-authority.pem'), 'utf8');
  await expect(runSql({ ...server, sslCa }, 'select 1')).rejects.toThrow(/certificate/);
});

test('refuses a server whose certificate is for another host', async () => {
  await expect(runSql(otherServer.config, 'select 1')).rejects.toThrow(/localhost/);
});
