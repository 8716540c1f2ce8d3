import crypto from 'node:crypto';
import { expect, onTestFinished, test, vi } from 'vitest';
import { testLimits, useMiniTwit } from '../../support/minitwit.ts';
import { spyOnNormalize } from '../../support/unicode.ts';

const { visitor, user, repositories, withSettings } = useMiniTwit();
// What takes quadratic time to normalize: as much as fits twice in a form, percent-encoded.
const MARKS = `a${'\u0344'.repeat(800)}${'\u0316'.repeat(800)}`;
// As much of it as a request line takes.
const IN_PATH = encodeURIComponent(`a${'\u0344'.repeat(1000)}${'\u0316'.repeat(1000)}`);

/** Returns the names that the repositories are asked for until the end of the test. */
function spyOnQueries(): string[] {
  const asked: string[] = [];
  const { users, profiles } = repositories;
  const note = (name: string) => {
    asked.push(name);
    return Promise.resolve(null);
  };
  const spies = [
    vi.spyOn(users, 'findCredentials').mockImplementation(note),
    vi.spyOn(users, 'findUser').mockImplementation(note),
    vi.spyOn(profiles, 'findProfile').mockImplementation(note),
  ];
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore();
  });
  return asked;
}

test('a login with an overlong name is refused without normalizing or looking for it', async () => {
  const [normalized, asked] = [spyOnNormalize(), spyOnQueries()];
  for (const username of [MARKS, 'x'.repeat(65), 'x'.repeat(513)]) {
    const { status, text } = await visitor().login(username, MARKS);
    expect(status).toBe(200);
    expect(text).toContain('Invalid username');
  }
  expect(asked).toEqual([]);
  expect(normalized.filter((text) => text.length > 512)).toEqual([]);
  await visitor().login('x'.repeat(64), 'pw');
  expect(asked).toEqual(['x'.repeat(64)]);
});

test('logins with an overlong name count towards the limits', async () => {
  const rateLimits = { ...testLimits, loginsPerName: 2 };
  const someone = visitor(withSettings({ rateLimits }));
  for (let attempt = 0; attempt < 2; attempt++) {
    expect((await someone.login(MARKS, 'pw')).text).toContain('Invalid username');
  }
  expect((await someone.login(MARKS, 'pw')).status).toBe(429);
});

test('a registration with an overlong name or password says so without normalizing it', async () => {
  const normalized = spyOnNormalize();
  expect((await visitor().register(MARKS, 'pw')).text).toContain(
    'Your username can have at most 64 characters',
  );
  expect((await visitor().register('alice', MARKS)).text).toContain(
    'Your password can have at most 256 characters',
  );
  expect(normalized.filter((text) => text.length > 512)).toEqual([]);
});

test.each(['/NAME', '/avatars/NAME', '/NAME/follow', '/NAME/unfollow'])(
  '%s with an overlong name is not found, without normalizing or looking for it',
  async (path) => {
    const someone = await user(`reader of ${path.replaceAll('/', ' ').trim()}`);
    const [normalized, asked] = [spyOnNormalize(), spyOnQueries()];
    for (const name of [IN_PATH, 'x'.repeat(65)]) {
      const response = await someone.get(path.replace('NAME', name));
      expect(response.status).toBe(404);
      expect(response.text).toContain('No user has such a long name.');
    }
    expect(asked).toEqual([]);
    expect(normalized.filter((text) => text.length > 512)).toEqual([]);
  },
);

test("a change whose origin is overlong is another site's", async () => {
  const someone = await user('heidi');
  for (const name of ['Origin', 'Referer']) {
    const response = await someone.agent.post('/logout').set(name, `http://${'a'.repeat(2000)}/`);
    expect(response.status).toBe(403);
  }
  expect((await someone.get('/')).text).toContain('sign out [heidi]');
});

test('other cookies than ours, of which a header can have thousands, cost no signature', async () => {
  const createHmac = vi.spyOn(crypto, 'createHmac');
  onTestFinished(() => createHmac.mockRestore());
  const someone = await user('grace');
  await someone.agent.post('/add_message').type('form').send({ text: 'once' });
  createHmac.mockClear();
  const many = Array.from({ length: 1000 }, (_, index) => `a${index}=s:x.y`).join('; ');
  await visitor().agent.get('/public').set('Cookie', many);
  expect(createHmac).not.toHaveBeenCalled();
  expect((await someone.get('/')).text).toContain('Your message was recorded');
  expect(createHmac).toHaveBeenCalled();
});
