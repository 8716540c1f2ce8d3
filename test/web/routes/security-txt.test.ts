import request from 'supertest';
import { expect, test } from 'vitest';
import { useMiniTwit } from '../../support/minitwit.ts';

const { app, withSettings } = useMiniTwit();
const PATH = '/.well-known/security.txt';

test('returns the contact, which expires within a year', async () => {
  const securityContact = 'mailto:security@example.com';
  const { status, text, headers } = await request(withSettings({ securityContact })).get(PATH);
  expect(status).toBe(200);
  expect(headers['content-type']).toBe('text/plain; charset=utf-8');
  const [, contact, expires = ''] = /^Contact: (\S+)\nExpires: (\S+Z)\n$/.exec(text) ?? [];
  expect(contact).toBe(securityContact);
  const days = (Date.parse(expires) - Date.now()) / (24 * 3600 * 1000);
  expect(days).toBeGreaterThan(80);
  expect(days).toBeLessThan(365);
});

test('returns 404 without a contact', async () => {
  expect((await request(app).get(PATH)).status).toBe(404);
});
