import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { fetchHttpStatus } from '../../../src/cloud/fetch-http-status.ts';
import { createAuthority, createCertificate } from '../../support/certificates.ts';
import { listen } from '../../support/listen.ts';

/** Starts a server with a certificate for blog.example.com. Returns its port, and the hosts of the requests. */
async function startSite() {
  const folder = mkdtempSync(join(tmpdir(), 'minitwit-site-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const authority = await createAuthority(folder, 'authority');
  const { key, certificate } = await createCertificate(folder, authority, 'blog.example.com');
  const before = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...before, readFileSync(authority.certificate, 'utf8')]);
  onTestFinished(() => tls.setDefaultCACertificates(before));
  const hosts: (string | undefined)[] = [];
  const files = { key: readFileSync(key), cert: readFileSync(certificate) };
  const server: Server = createServer(files, (request, response) => {
    hosts.push(request.headers.host);
    response.end();
  });
  const port = await listen(server);
  onTestFinished(() => void server.close());
  return { port, hosts };
}

test('a site is requested at its load balancer while DNS does not know its name', async () => {
  const { port, hosts } = await startSite();
  const site = `blog.example.com:${port}`;
  expect(await fetchHttpStatus(`https://${site}/public`, 'localhost')).toBe(200);
  expect(hosts).toEqual([site]);
});

test('the certificate must be valid for the domain, but not for the name of the load balancer', async () => {
  const { port } = await startSite();
  const other = `https://twit.example.com:${port}/public`;
  await expect(fetchHttpStatus(other, 'localhost')).rejects.toThrow(/altnames/);
  const own = `https://localhost:${port}/public`;
  expect(await fetchHttpStatus(own, 'localhost')).toBe(200);
  await expect(fetchHttpStatus(own)).rejects.toThrow(/altnames/);
});
