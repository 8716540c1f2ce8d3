import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findTool } from './tools.ts';

const run = promisify(execFile);

/** The paths of PEM files. */
export interface KeyPair {
  key: string;
  certificate: string;
}

/** Creates a certificate authority. */
export async function createAuthority(folder: string, name: string): Promise<KeyPair> {
  const pair = { key: join(folder, `${name}.key`), certificate: join(folder, `${name}.pem`) };
  await run(findTool('openssl'), [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    pair.key,
    '-out',
    pair.certificate,
  ]);
  return pair;
}

/** Creates a server certificate for a host name. */
export async function createCertificate(
  folder: string,
  authority: KeyPair,
  host: string,
): Promise<KeyPair> {
  const pair = { key: join(folder, `${host}.key`), certificate: join(folder, `${host}.pem`) };
  const request = join(folder, `${host}.csr`);
  const extensions = join(folder, `${host}.ext`);
  await writeFile(extensions, `subjectAltName = DNS:${host}\n`);
  await run(findTool('openssl'), [
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    `/CN=${host}`,
    '-keyout',
    pair.key,
    '-out',
    request,
  ]);
  await run(findTool('openssl'), [
    'x509',
    '-req',
    '-in',
    request,
    '-days',
    '2',
    '-extfile',
    extensions,
    '-CAcreateserial',
    '-CA',
    authority.certificate,
    '-CAkey',
    authority.key,
    '-out',
    pair.certificate,
  ]);
  return pair;
}
