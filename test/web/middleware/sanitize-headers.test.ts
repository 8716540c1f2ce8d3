import express from 'express';
import request from 'supertest';
import { expect, test } from 'vitest';
import { sanitizeHeaders } from '../../../src/web/middleware/sanitize-headers.ts';

/** Returns the headers that are left of a request for whatever comes behind the middleware. */
async function bound(headers: Record<string, string>, cookiePrefix = '') {
  const app = express();
  app.use(sanitizeHeaders({ cookiePrefix }));
  app.use((req, res) => {
    res.json(req.headers);
  });
  const { body } = await request(app).get('/').set(headers);
  return body as Record<string, string>;
}

test.each([
  ['session=s%3Aa.b', 'session=s%3Aa.b'],
  ['a=1; session=b; __Host-session=c;flash=d', 'session=b; __Host-session=c; flash=d'],
  ['session=first; session=second', 'session=first'],
  ['mysession=a; sessions=b; session', ''],
  ['session="a=b"', 'session="a=b"'],
  ['', ''],
  [';;;=;', ''],
])('of the cookies %j, %j are left', async (cookie, expected) => {
  expect((await bound({ Cookie: cookie })).cookie).toBe(expected);
});

test('cookies have the prefix that is configured', async () => {
  const cookie = 'session=a; 5000_session=b; __Host-5000_flash=c';
  expect((await bound({ Cookie: cookie }, '5000_')).cookie).toBe(
    '5000_session=b; __Host-5000_flash=c',
  );
});

test.each(['accept', 'accept-encoding', 'accept-language', 'if-none-match', 'x-forwarded-host'])(
  'an overlong %s counts as none',
  async (name) => {
    expect((await bound({ [name]: 'a'.repeat(1000) }))[name]).toBe('a'.repeat(1000));
    expect(await bound({ [name]: 'a'.repeat(1001) })).not.toHaveProperty(name);
  },
);

test.each(['origin', 'referer', 'host'])(
  'an overlong %s counts as that of another site',
  async (name) => {
    const longest = `http://${'a'.repeat(1993)}`;
    expect((await bound({ [name]: longest }))[name]).toBe(longest);
    expect((await bound({ [name]: `${longest}a` }))[name]).toBe('null');
  },
);

test('of an overlong list of forwarding proxies, the last entries are left', async () => {
  const last = '192.0.2.1, 192.0.2.2';
  const left = async (list: string) =>
    (await bound({ 'x-forwarded-for': list }))['x-forwarded-for'];
  expect(await left(last)).toBe(last);
  expect(await left(`${'192.0.2.7,'.repeat(1000)}${last}`)).toMatch(
    /^(?:192\.0\.2\.7,){97}192\.0\.2\.1, 192\.0\.2\.2$/,
  );
  expect(await left(`${'a'.repeat(5000)}, ${last}`)).toBe(last);
  // An entry that does not fit is none: too long for an address.
  expect(await left('a'.repeat(5000))).toBe('a'.repeat(1000));
});
