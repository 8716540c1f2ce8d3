import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { SMTPServerOptions } from 'smtp-server';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { createSendMail } from '../../../src/web/mail/smtp.ts';
import { createAuthority, createCertificate } from '../../support/certificates.ts';
import { useCleanup } from '../../support/cleanup.ts';
import { startSmtpServer } from '../../support/smtp-server.ts';

const defer = useCleanup();
const site = { from: 'noreply@example.com', siteUrl: 'https://example.com' };
const mail = { mailId: 1, createdS: 2, recipient: 'a@example.com', subject: 'News', text: 'Hello' };
let key: string;
let cert: string;
let otherCert: string;
let otherKey: string;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-smtp-'));
  defer(() => rm(folder, { recursive: true }));
  const authority = await createAuthority(folder, 'mail-authority');
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, await readFile(authority.certificate, 'utf8')]);
  defer(() => setDefaultCACertificates(trusted));
  const read = async (host: string) => {
    const pair = await createCertificate(folder, authority, host);
    return [await readFile(pair.key, 'utf8'), await readFile(pair.certificate, 'utf8')] as const;
  };
  [key, cert] = await read('localhost');
  [otherKey, otherCert] = await read('mail.example.com');
});

async function startServer(security: 'tls' | 'starttls', pair: { key: string; cert: string }) {
  const secure = security === 'tls';
  const usernames: (string | undefined)[] = [];
  const onAuth: SMTPServerOptions['onAuth'] = ({ username }, _session, done) => {
    usernames.push(username);
    done(null, { user: username ?? '' });
  };
  const server = await startSmtpServer({ ...pair, secure, hideSTARTTLS: secure, onAuth });
  onTestFinished(() => server.close());
  const auth = { user: 'a user', pass: 'a password' };
  const send = createSendMail({ ...server.smtp, host: 'localhost', security, auth }, site);
  return { send, received: server.received, usernames };
}

test.each(['tls', 'starttls'] as const)(
  '%s: sends a mail to a server with a valid certificate',
  async (security) => {
    const { send, received, usernames } = await startServer(security, { key, cert });
    await send(mail);
    expect(received).toHaveLength(1);
    expect(usernames).toEqual(['a user']);
  },
);

test.each(['tls', 'starttls'] as const)(
  '%s: sends neither a password nor a mail to a server whose certificate is for another host',
  async (security) => {
    const pair = { key: otherKey, cert: otherCert };
    const { send, received, usernames } = await startServer(security, pair);
    await expect(send(mail)).rejects.toThrow(/does not match certificate/);
    expect(received).toEqual([]);
    expect(usernames).toEqual([]);
  },
);
