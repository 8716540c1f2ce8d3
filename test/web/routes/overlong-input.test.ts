import crypto from 'node:crypto';
import { expect, onTestFinished, test, vi } from 'vitest';
import { REGISTRATION_ERRORS } from '../../../src/web/forms/registration.ts';
import { USERNAME_ERRORS } from '../../../src/web/forms/username.ts';
import { testLimits, useMiniTwit } from '../../support/minitwit.ts';
import { spyOnNormalize } from '../../support/unicode.ts';

const { visitor, user, repositories, withSettings } = useMiniTwit();
// A text that takes quadratic time to normalize. Percent-encoded, it fits twice into a form.
const MARKS = `a${'\u0344'.repeat(800)}${'\u0316'.repeat(800)}`;
// Such a text that fits into a request line.
const IN_PATH = encodeURIComponent(`a${'\u0344'.repeat(1000)}${'\u0316'.repeat(1000)}`);

/** Returns the names that are queried until the end of the test. */
function spyOnQueries(): string[] {
  const queried: string[] = [];
  const { users, profiles } = repositories;
  const record = (name: string) => {
    queried.push(name);
    return Promise.resolve(null);
  };
  const spies = [
    vi.spyOn(users, 'findCredentials').mockImplementation(record),
    vi.spyOn(users, 'findUser').mockImplementation(record),
    vi.spyOn(profiles, 'findProfile').mockImplementation(record),
  ];
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore();
  });
  return queried;
}

test('refuses a login with an overlong name without normalizing or querying it', async () => {
  const [normalized, queried] = [spyOnNormalize(), spyOnQueries()];
  for (const username of [MARKS, 'x'.repeat(65), 'x'.repeat(513)]) {
    const { status, text } = await visitor().login(username, MARKS);
    expect(status).toBe(200);
    expect(text).toContain('Invalid username');
  }
  expect(queried).toEqual([]);
  expect(normalized.filter((text) => text.length > 512)).toEqual([]);
  await visitor().login('x'.repeat(64), 'pw');
  expect(queried).toEqual(['x'.repeat(64)]);
});

test('logins with an overlong name count towards the limits', async () => {
  const rateLimits = { ...testLimits, loginsPerName: 2 };
  const client = visitor(withSettings({ rateLimits }));
  for (let attempt = 0; attempt < 2; attempt++) {
    expect((await client.login(MARKS, 'pw')).text).toContain('Invalid username');
  }
  expect((await client.login(MARKS, 'pw')).status).toBe(429);
});

test('refuses a registration with an overlong name or password without normalizing it', async () => {
  const normalized = spyOnNormalize();
  expect((await visitor().register(MARKS, 'pw')).text).toContain(USERNAME_ERRORS.long);
  expect((await visitor().register('alice', MARKS)).text).toContain(
    REGISTRATION_ERRORS.longPassword,
  );
  expect(normalized.filter((text) => text.length > 512)).toEqual([]);
});

test.each(['/NAME', '/avatars/NAME', '/NAME/follow', '/NAME/unfollow'])(
  '%s returns 404 for an overlong name without normalizing or querying it',
  async (path) => {
    const client = await user(`reader of ${path.replaceAll('/', ' ').trim()}`);
    const [normalized, queried] = [spyOnNormalize(), spyOnQueries()];
    for (const name of [IN_PATH, 'x'.repeat(65)]) {
      const response = await client.get(path.replace('NAME', name));
      expect(response.status).toBe(404);
      expect(response.text).toContain('No user has such a long name.');
    }
    expect(queried).toEqual([]);
    expect(normalized.filter((text) => text.length > 512)).toEqual([]);
  },
);

test('refuses a POST with an overlong Origin or Referer', async () => {
  const client = await user('heidi');
  for (const name of ['Origin', 'Referer']) {
    const response = await client.agent.post('/logout').set(name, `http://${'a'.repeat(2000)}/`);
    expect(response.status).toBe(403);
  }
  expect((await client.get('/')).text).toContain('sign out [heidi]');
});

test('verifies no signature for the cookies of other applications', async () => {
  const createHmac = vi.spyOn(crypto, 'createHmac');
  onTestFinished(() => createHmac.mockRestore());
  const client = await user('grace');
  await client.agent.post('/add_message').type('form').send({ text: 'once' });
  createHmac.mockClear();
  const many = Array.from({ length: 1000 }, (_, index) => `a${index}=s:x.y`).join('; ');
  await visitor().agent.get('/public').set('Cookie', many);
  expect(createHmac).not.toHaveBeenCalled();
  expect((await client.get('/')).text).toContain('Your message was recorded');
  expect(createHmac).toHaveBeenCalled();
});
