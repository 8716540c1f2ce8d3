import request from 'supertest';
import { expect, test } from 'vitest';
import { useMiniTwit } from '../../support/minitwit.ts';

const { app, repositories, withSettings } = useMiniTwit();

test.each(['/public', '/login', '/nobody', '/static/style.css', '/avatars/alice'])(
  '%s has a strict Content-Security-Policy, and no X-Powered-By',
  async (path) => {
    const { headers } = await request(app).get(path);
    const policy = headers['content-security-policy'];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|http:|\*/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('same-origin');
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['permissions-policy']).toMatch(/camera=\(\).*geolocation=\(\).*usb=\(\)/);
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
    expect(headers).not.toHaveProperty('x-powered-by');
  },
);

test('pages contain no inline script, style or event handler, and no URL of another host', async () => {
  for (const path of ['/public', '/login', '/register', '/nobody']) {
    const { text } = await request(app).get(path);
    expect(text).not.toMatch(/<style|style=|<script(?! type="module" src="\/)|\son\w+=/);
    expect(text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    expect(text).toContain('<html lang="en">');
  }
});

test('GRAVATAR=on: pages show pictures of Gravatar, and the policy allows them', async () => {
  const author = await repositories.users.createUser({
    username: 'alice',
    email: 'alice@example.com',
    passwordHash: 'x',
  });
  await repositories.messages.createMessage(author, 'with a picture');

  const response = await request(withSettings({ gravatar: true })).get('/public');
  expect(response.text).toContain('<img src="https://www.gravatar.com/avatar/ff8d9819fc0e12bf');
  expect(response.text).not.toContain('alice@example.com');
  expect(response.headers['content-security-policy']).toContain(
    "img-src 'self' https://www.gravatar.com",
  );
  expect((await request(app).get('/public')).text).toContain('<img src="/avatars/alice"');
});

test('HSTS=site: Strict-Transport-Security includes subdomains', async () => {
  const { headers } = await request(withSettings({ hsts: 'site' })).get('/public');
  expect(headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains');
});

test.each([
  ['a redirect', 302, () => request(app).get('/')],
  ['a redirect with a cookie', 302, () => request(app).post('/logout')],
  ['the headers of a page', 200, () => request(app).head('/public')],
  ['a method that is not allowed', 405, () => request(app).put('/login')],
  ['a health check', 200, () => request(app).get('/readyz')],
  [
    'an unchanged page',
    304,
    async () => {
      const { headers } = await request(app).get('/public');
      return request(app)
        .get('/public')
        .set('If-None-Match', headers.etag ?? '');
    },
  ],
])('%s has the security headers and an id', async (_case, status, send) => {
  const response = await send();
  expect(response.status).toBe(status);
  expect(response.headers['content-security-policy']).toContain("default-src 'none'");
  expect(response.headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
});
