import type { Express } from 'express';
import request from 'supertest';
import { expect, test } from 'vitest';
import { useMiniTwit } from '../support/minitwit.ts';

const { database, withSettings, visitor, user } = useMiniTwit();
const rateLimits = {
  loginsPerName: 3,
  loginsPerAddress: 6,
  registrationsPerAddress: 2,
  postsPerUser: 2,
};
const one = withSettings({ rateLimits, trustProxy: 1 });
const other = withSettings({ rateLimits, trustProxy: 1 });

/** What a load balancer passes on from this address. */
function post(instance: Express, path: string, form: Record<string, string>, address: string) {
  return request(instance).post(path).set('X-Forwarded-For', address).type('form').send(form);
}

test('failed logins under a name: 429 with the name kept, at every instance, for whoever tries', async () => {
  await user('alice');
  const wrong = { username: 'alice', password: 'wrong' };
  for (const instance of [one, other, one]) {
    expect((await post(instance, '/login', wrong, '192.0.2.1')).text).toContain('Invalid password');
  }
  for (const instance of [one, other]) {
    const right = { username: 'alice', password: 'a password' };
    const { status, headers, text } = await post(instance, '/login', right, '192.0.2.2');
    expect(status).toBe(429);
    expect(Number(headers['retry-after'])).toBeGreaterThan(14 * 60);
    expect(text).toContain('Too many failed logins under this name');
    expect(text).toContain('value="alice"');
    expect(text).not.toContain('a password');
  }
});

test('logins that succeed do not count', async () => {
  await user('bob');
  for (let login = 0; login < 10; login++) {
    const form = { username: 'bob', password: 'a password' };
    expect((await post(one, '/login', form, '192.0.2.3')).status).toBe(302);
  }
});

test('logins that nobody could judge do not count', async () => {
  await user('grace');
  const form = { username: 'grace', password: 'a password' };
  const login = () => post(one, '/login', form, '192.0.2.7');
  await database.change('alter table user rename to away');
  for (let attempt = 0; attempt < 5; attempt++) expect((await login()).status).toBe(503);
  await database.change('alter table away rename to user');
  expect((await login()).status).toBe(302);
});

test('registrations that could not be stored do not count', async () => {
  const register = () =>
    post(
      one,
      '/register',
      { username: 'heidi', email: 'a@b.c', password: 'p', password2: 'p' },
      '192.0.2.8',
    );
  await database.change('alter table user rename to away');
  for (let attempt = 0; attempt < 5; attempt++) expect((await register()).status).toBe(503);
  await database.change('alter table away rename to user');
  expect((await register()).status).toBe(302);
});

test('failed logins from an address, which the load balancer tells, not the client', async () => {
  const guess = (name: number, address: string) =>
    post(other, '/login', { username: `user ${name}`, password: 'x' }, address);
  for (let name = 0; name < 6; name++) {
    expect((await guess(name, `198.51.100.${name}, 192.0.2.4`)).status).toBe(200);
  }
  const refused = await guess(6, '198.51.100.6, 192.0.2.4');
  expect(refused.status).toBe(429);
  expect(refused.text).toContain('Too many failed logins from where you are');
  expect((await guess(7, '192.0.2.5')).status).toBe(200);
});

test('registrations from an address: 429 with the fields kept; what was not accepted does not count', async () => {
  const form = (name: string) => ({
    username: name,
    email: 'a@b.c',
    password: 'p',
    password2: 'p',
  });
  const register = (name: string, more = {}) =>
    post(one, '/register', { ...form(name), ...more }, '192.0.2.6');
  for (const name of ['1', '2', '3']) await register(name, { password2: 'q' });
  expect((await register('carol')).status).toBe(302);
  expect((await register('dave')).status).toBe(302);
  const { status, headers, text } = await register('erin');
  expect(status).toBe(429);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  expect(text).toContain('Too many people signed up from where you are');
  expect(text).toContain('value="erin"');
  expect(text).toContain('value="a@b.c"');
});

test('posts of a user: 429 with the text in the box, and what was posted is there', async () => {
  await user('frank');
  const frank = visitor(one);
  await frank.login('frank', 'a password');
  await frank.addMessage('first');
  await frank.addMessage('second');
  const { status, headers, text } = await frank.addMessage('third');
  expect(status).toBe(429);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  expect(text).toContain('You have posted a lot.');
  expect(text).toMatch(/third<\/textarea>/);
  expect(text).toContain('second');
  expect((await frank.get('/frank')).text).not.toContain('third');
});
