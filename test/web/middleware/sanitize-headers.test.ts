import express from 'express';
import request from 'supertest';
import { expect, test } from 'vitest';
import { createSanitizeHeaders } from '../../../src/web/middleware/sanitize-headers.ts';

/** Sends a request with `headers`. Returns its headers after that. */
async function sanitize(headers: Record<string, string>, cookiePrefix = '') {
  const sanitizeHeaders = createSanitizeHeaders({ cookiePrefix });
  const app = express();
  app.use((req, res) => {
    sanitizeHeaders(req.headers);
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
])('reduces the cookies %j to %j', async (cookie, expected) => {
  expect((await sanitize({ Cookie: cookie })).cookie).toBe(expected);
});

test('retains the cookies with the configured prefix only', async () => {
  const cookie = 'session=a; 5000_session=b; __Host-5000_flash=c';
  expect((await sanitize({ Cookie: cookie }, '5000_')).cookie).toBe(
    '5000_session=b; __Host-5000_flash=c',
  );
});

test.each(['accept', 'accept-encoding', 'accept-language', 'if-none-match', 'x-forwarded-host'])(
  'removes the header %s if it is longer than 1,000 characters',
  async (name) => {
    expect((await sanitize({ [name]: 'a'.repeat(1000) }))[name]).toBe('a'.repeat(1000));
    expect(await sanitize({ [name]: 'a'.repeat(1001) })).not.toHaveProperty(name);
  },
);

test.each(['origin', 'referer', 'host'])(
  'replaces the header %s by null if it is longer than 2,000 characters',
  async (name) => {
    const longest = `http://${'a'.repeat(1993)}`;
    expect((await sanitize({ [name]: longest }))[name]).toBe(longest);
    expect((await sanitize({ [name]: `${longest}a` }))[name]).toBe('null');
  },
);

test('retains the last entries of a long X-Forwarded-For', async () => {
  const last = '192.0.2.1, 192.0.2.2';
  const forwarded = async (list: string) =>
    (await sanitize({ 'x-forwarded-for': list }))['x-forwarded-for'];
  expect(await forwarded(last)).toBe(last);
  expect(await forwarded(`${'192.0.2.7,'.repeat(1000)}${last}`)).toMatch(
    /^(?:192\.0\.2\.7,){97}192\.0\.2\.1, 192\.0\.2\.2$/,
  );
  expect(await forwarded(`${'a'.repeat(5000)}, ${last}`)).toBe(last);
  // A cut entry is no address.
  expect(await forwarded('a'.repeat(5000))).toBe('a'.repeat(1000));
});
