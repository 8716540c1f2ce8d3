import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { captureLog } from '../../../support/capture-log.ts';
import {
  createVisitor,
  testConfig,
  testLimits,
  useMiniTwit,
  type Visitor,
} from '../../../support/minitwit.ts';
import { SoftwarePasskey } from '../../../support/passkey.ts';

const { app, withSettings, anotherInstance, repositories, database } = useMiniTwit();
const HOST = 'minitwit.example';
const PASSWORD = 'a password';
const PATH = '/settings/passkeys';
const NOT_ACCEPTED = 'MiniTwit did not accept this passkey';

afterEach(() => {
  vi.useRealTimers();
});

/** Returns a client whose browser shows the site under a host name. */
function visitor(instance: RequestListener = app, host = HOST): Visitor {
  const client = createVisitor(instance);
  client.agent.set('Host', host);
  return client;
}

async function user(username: string): Promise<Visitor> {
  const client = visitor();
  await client.register(username, PASSWORD);
  await client.login(username, PASSWORD);
  return client;
}

/** Returns the options for the browser in a page. */
function findOptions(text: string): { challenge: string; rpId?: string; user?: { id: string } } {
  const [, options = 'null'] = /data-options="([^"]*)"/.exec(text) ?? [];
  return JSON.parse(options.replaceAll('&#34;', '"')) as { challenge: string };
}

async function startCreation(client: Visitor, name = 'a phone') {
  const { text } = await client.post(`${PATH}/add`, { name, current_password: PASSWORD });
  expect(text).toContain('<h1>Create the Passkey</h1>');
  return findOptions(text);
}

function finishCreation({ post }: Visitor, credential: string, name = 'a phone') {
  return post(`${PATH}/create`, { name, credential });
}

/** Registers a user who has a passkey. */
async function createUser(
  username: string,
): Promise<{ client: Visitor; passkey: SoftwarePasskey }> {
  const client = await user(username);
  const passkey = new SoftwarePasskey(HOST);
  const { text } = await finishCreation(client, passkey.create(await startCreation(client)));
  expect(text).toContain('The passkey was added');
  return { client, passkey };
}

async function startLogin(client: Visitor): Promise<{ challenge: string }> {
  return findOptions((await client.get('/login')).text);
}

async function logIn(client: Visitor, passkey: SoftwarePasskey, change = {}) {
  const credential = passkey.use(await startLogin(client), change);
  return client.post('/login/passkey', { credential });
}

describe('the creation of a passkey', () => {
  test('needs the password, and the list shows the passkey', async () => {
    const alice = await user('alice');
    expect((await alice.get('/settings')).text).toContain(`href="${PATH}"`);
    expect((await alice.get(PATH)).text).toContain('You have no passkeys.');
    const wrong = await alice.post(`${PATH}/add`, { name: 'my <b>', current_password: 'wrong' });
    expect(wrong.text).toContain('<strong>Error:</strong> Invalid password');
    expect(wrong.text).toContain('value="my &lt;b&gt;"');
    expect(wrong.text).not.toContain('data-options');
    const options = await startCreation(alice, 'my <b>');
    expect(options).toMatchObject({
      rp: { id: HOST, name: 'MiniTwit' },
      user: { name: 'alice' },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      excludeCredentials: [],
    });
    const passkey = new SoftwarePasskey(HOST);
    const { text } = await finishCreation(alice, passkey.create(options), 'my <b>');
    expect(text).toContain('The passkey was added');
    expect(text).toContain('<strong>my &lt;b&gt;</strong>');
    const id = passkey.id.toString('base64url');
    expect(await startCreation(alice)).toMatchObject({ excludeCredentials: [{ id }] });
  });

  test.each([
    ['', 'You have to enter a name'],
    [' \u200b', 'You have to enter a name'],
    ['x'.repeat(65), 'The name can have at most 64 characters.'],
  ])('refuses the name %j', async (name, message) => {
    const alice = visitor();
    await alice.login('alice', PASSWORD);
    const { text } = await alice.post(`${PATH}/add`, { name, current_password: PASSWORD });
    expect(text).toContain(`<strong>Error:</strong> ${message}`);
  });

  test('suggests the browser as the name', async () => {
    const client = await user('amelie');
    client.agent.set('User-Agent', 'Mozilla/5.0 (Windows NT 10.0; rv:150.0) Firefox/150.0');
    expect((await client.get(`${PATH}/add`)).text).toContain('value="Firefox on Windows"');
  });

  test('refuses an answer for another site, challenge or format, or without verification', async () => {
    const carol = await user('carol');
    const refuse = async (credential: string) => {
      const response = await finishCreation(carol, credential);
      expect(response.status).toBe(400);
      expect(response.text).toContain(NOT_ACCEPTED);
    };
    const options = await startCreation(carol);
    const passkey = new SoftwarePasskey(HOST);
    for (const change of [
      { origin: 'https://evil.example' },
      { origin: `https://${HOST}:8443` },
      { rpId: 'evil.example' },
      { isUserVerified: false },
      { format: 'packed' },
    ]) {
      await refuse(passkey.create(options, change));
    }
    const other = await startCreation(await user('carl'));
    const login = await startLogin(visitor());
    for (const { challenge } of [other, login, { challenge: '' }, { challenge: 'AAAA' }]) {
      await refuse(passkey.create({ challenge }));
    }
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3601_000 });
    await refuse(passkey.create(options));
    vi.useRealTimers();
    expect((await carol.get(PATH)).text).toContain('You have no passkeys.');
    expect((await finishCreation(carol, passkey.create(options))).text).toContain('was added');
  });

  test('refuses a challenge after a change of the password, since the user did not enter the new one', async () => {
    const dan = await user('dan');
    const options = await startCreation(dan);
    const form = { current_password: PASSWORD, password: 'another one', password2: 'another one' };
    await dan.post('/settings/password', form);
    const passkey = new SoftwarePasskey(HOST);
    expect((await finishCreation(dan, passkey.create(options))).status).toBe(400);
  });

  test('refuses a passkey that exists, and more than 20 passkeys', async () => {
    const { client, passkey } = await createUser('erin');
    const options = await startCreation(client);
    expect((await finishCreation(client, passkey.create(options))).status).toBe(409);
    for (let index = 1; index < 20; index++) {
      await finishCreation(client, new SoftwarePasskey(HOST).create(options));
    }
    const late = await finishCreation(client, new SoftwarePasskey(HOST).create(options));
    expect(late.status).toBe(409);
    const form = { name: 'one more', current_password: PASSWORD };
    const { text } = await client.post(`${PATH}/add`, form);
    expect(text).toContain('You can have at most 20 passkeys.');
    expect((await client.get(PATH)).text).not.toContain('Add a passkey');
  });

  test('accepts the site that a trusted proxy names', async () => {
    const proxied = withSettings({ trustProxy: 1 });
    const faye = visitor(proxied, 'internal:5000');
    faye.agent.set('X-Forwarded-Host', 'Public.example:443');
    await faye.register('faye', PASSWORD);
    await faye.login('faye', PASSWORD);
    const passkey = new SoftwarePasskey('public.example');
    const answer = { origin: 'https://public.example' };
    const { text } = await finishCreation(faye, passkey.create(await startCreation(faye), answer));
    expect(text).toContain('The passkey was added');
  });

  test('another instance accepts the passkey', async () => {
    const gus = await user('gus');
    const options = await startCreation(gus);
    const other = visitor(anotherInstance());
    await other.login('gus', PASSWORD);
    const passkey = new SoftwarePasskey(HOST);
    expect((await finishCreation(other, passkey.create(options))).text).toContain('was added');
    expect((await logIn(visitor(), passkey)).text).toContain('You were logged in');
  });
});

describe('a login with a passkey', () => {
  test('needs neither a password nor a code', async () => {
    const { client, passkey } = await createUser('hal');
    const { text } = await logIn(visitor(), passkey);
    expect(text).toContain('You were logged in');
    expect(text).toContain('sign out [hal]');
    const userId = (await repositories.users.findUser('hal'))?.userId ?? 0;
    await database.execute(`insert into totp (user_id, secret) values (:userId, 'x')`, { userId });
    expect((await visitor().login('hal', PASSWORD)).text).toContain('<h1>Enter a Code</h1>');
    expect((await logIn(visitor(), passkey)).text).toContain('You were logged in');
    expect((await client.get('/settings')).status).toBe(200);
  });

  test('stores the time of the login', async () => {
    const { passkey } = await createUser('ida');
    const userId = (await repositories.users.findUser('ida'))?.userId ?? 0;
    await database.execute('update passkey set created_s = 1, used_s = 1 where user_id = :userId', {
      userId,
    });
    await logIn(visitor(), passkey);
    const [listed] = await repositories.passkeys.listPasskeys(userId);
    expect(listed?.createdS).toBe(1);
    expect(listed?.usedS).toBeGreaterThan(1_700_000_000);
  });

  test('refuses a forged, expired or used challenge', async () => {
    const { client, passkey } = await createUser('judy');
    const refuse = async (credential: string) => {
      const { status, text } = await visitor().post('/login/passkey', { credential, draft: 'hi' });
      expect(status).toBe(200);
      expect(text).toContain(NOT_ACCEPTED);
      expect(text).toContain('hi</textarea>');
    };
    const creation = await startCreation(client);
    for (const challenge of ['', 'AAAA', creation.challenge])
      await refuse(passkey.use({ challenge }));
    const older = await startLogin(visitor());
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3601_000 });
    await refuse(passkey.use(older));
    vi.setSystemTime(Date.now() - 3600_000);
    const options = await startLogin(visitor());
    const credential = passkey.use(options);
    const first = await visitor().post('/login/passkey', { credential });
    expect(first.text).toContain('You were logged in');
    await refuse(credential);
    await refuse(passkey.use(options));
    await refuse(passkey.use(older));
    vi.setSystemTime(Date.now() + 1);
    expect((await logIn(visitor(), passkey)).text).toContain('You were logged in');
  });

  test('one of parallel requests with the same answer logs in', async () => {
    const { passkey } = await createUser('kai');
    const credential = passkey.use(await startLogin(visitor()));
    const instances = [app, anotherInstance(), anotherInstance()];
    const responses = await Promise.all(
      instances.map((instance) =>
        visitor(instance).agent.post('/login/passkey').type('form').send({ credential }),
      ),
    );
    expect(responses.filter(({ status }) => status === 302)).toHaveLength(1);
  });

  test('refuses another site, a user who is not verified, another key, and a counter that does not increase', async () => {
    const { passkey } = await createUser('lena');
    for (const change of [
      { origin: 'https://evil.example' },
      { rpId: 'evil.example' },
      { isUserVerified: false },
    ]) {
      expect((await logIn(visitor(), passkey, change)).text).toContain(NOT_ACCEPTED);
    }
    // The browser would not offer the passkey to another host. A program that sends another Host is refused, too.
    expect((await logIn(visitor(app, 'evil.example'), passkey)).text).toContain(NOT_ACCEPTED);
    const { passkey: stolen } = await createUser('mallory');
    const credential = stolen
      .use(await startLogin(visitor()))
      .replaceAll(stolen.id.toString('base64url'), passkey.id.toString('base64url'));
    expect((await visitor().post('/login/passkey', { credential })).text).toContain(NOT_ACCEPTED);
    expect((await logIn(visitor(), passkey, { counter: 5 })).text).toContain('You were logged in');
    for (const counter of [5, 4, 0]) {
      expect((await logIn(visitor(), passkey, { counter })).text).toContain(NOT_ACCEPTED);
    }
    expect((await logIn(visitor(), passkey, { counter: 6 })).text).toContain('You were logged in');
  });

  test('refuses an unknown and a removed passkey', async () => {
    const { client, passkey } = await createUser('mo');
    expect((await logIn(visitor(), new SoftwarePasskey(HOST))).text).toContain(NOT_ACCEPTED);
    const elsewhere = visitor();
    await logIn(elsewhere, passkey);
    const page = await client.get(PATH);
    const path = /href="(\/settings\/passkeys\/remove\/[\w-]{43})"/.exec(page.text)?.[1] ?? '';
    expect((await client.get(path)).text).toContain('<h1>Remove this passkey?</h1>');
    const wrong = await client.post(path, { current_password: 'wrong' });
    expect(wrong.text).toContain('<strong>Error:</strong> Invalid password');
    const { client: other } = await createUser('nora');
    for (const response of [await other.get(path), await other.post(path)]) {
      expect(response.status).toBe(404);
    }
    const { text } = await client.post(path, { current_password: PASSWORD });
    expect(text).toContain('The passkey was removed, and all other sessions were ended');
    expect((await elsewhere.get('/settings')).status).toBe(401);
    expect((await logIn(visitor(), passkey)).text).toContain(NOT_ACCEPTED);
    expect((await client.post(path, { current_password: PASSWORD })).status).toBe(404);
  });

  test('a change of the password leaves the passkey, and ends its sessions', async () => {
    const { client, passkey } = await createUser('olga');
    const elsewhere = visitor();
    await logIn(elsewhere, passkey);
    expect((await client.get('/settings/password')).text).toContain('stay valid');
    const form = { current_password: PASSWORD, password: 'another one', password2: 'another one' };
    await client.post('/settings/password', form);
    expect((await elsewhere.get('/settings')).status).toBe(401);
    expect((await logIn(visitor(), passkey)).text).toContain('You were logged in');
  });

  test('a suspended user does not log in', async () => {
    const { passkey } = await createUser('pia');
    const userId = (await repositories.users.findUser('pia'))?.userId ?? 0;
    await repositories.hiddenAuthors.suspend(userId, null, { actor: null, reason: 'spam' });
    const response = await logIn(visitor(), passkey);
    expect(response.status).toBe(403);
    expect(response.text).toContain('suspended');
  });

  test('carries the draft, replaces the session of another user, and marks the device as known', async () => {
    const { passkey } = await createUser('quin');
    const client = await user('rosa');
    const options = await startLogin(visitor());
    const form = { credential: passkey.use(options), draft: 'not posted yet', username: 'rosa' };
    const response = await client.agent.post('/login/passkey').type('form').send(form);
    expect(response.text).toContain('You were logged in, and rosa was logged out');
    expect(response.text).toContain('not posted yet</textarea>');
    expect(String(response.headers['set-cookie'])).toContain('device=');
    const again = { credential: passkey.use(await startLogin(visitor())) };
    const repeated = await client.agent.post('/login/passkey').type('form').send(again);
    expect(repeated.headers.location).toBe('/');
  });

  test('an instance with the new session secret accepts a challenge of the old one', async () => {
    const { passkey } = await createUser('sven');
    const options = await startLogin(visitor());
    const [old = ''] = testConfig.sessionSecrets;
    const next = 'the next secret of the tests with 32 characters';
    const use = (sessionSecrets: string[]) =>
      visitor(withSettings({ sessionSecrets })).post('/login/passkey', {
        credential: passkey.use(options),
      });
    expect((await use([next])).text).toContain(NOT_ACCEPTED);
    expect((await use([next, old])).text).toContain('You were logged in');
  });

  test('counts as a login from the address', async () => {
    const { passkey } = await createUser('tina');
    const client = visitor(withSettings({ rateLimits: { ...testLimits, allLoginsPerAddress: 2 } }));
    const answers = await Promise.all([0, 1, 2].map(() => startLogin(client)));
    const send = (options: { challenge: string }) =>
      client.post('/login/passkey', { credential: passkey.use(options) });
    const [first, ...others] = answers as [{ challenge: string }, ...{ challenge: string }[]];
    expect((await send(first)).text).toContain('You were logged in');
    for (const options of others) await send(options);
    const refused = await send(first);
    expect(refused.status).toBe(429);
    expect(refused.text).toContain('Too many logins from where you are');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  });

  test('/login/passkey and /settings/passkeys/create redirect a reader who opens them', async () => {
    expect((await visitor().agent.get('/login/passkey')).headers.location).toBe('/login');
    const { headers } = await visitor().agent.get(`${PATH}/create`);
    expect(headers.location).toBe(PATH);
  });
});

test('the login page has no passkey for a Host that is no host', async () => {
  expect((await visitor().get('/login')).text).toContain('data-passkey="use"');
  const { text } = await visitor(app, 'a b').get('/login');
  expect(text).toContain('<h1>Sign In</h1>');
  expect(text).not.toContain('data-passkey');
  expect(text).not.toContain('passkeys.js');
});

test('logs additions, removals and failures, but no credential', async () => {
  const { logger, lines } = captureLog();
  const client = visitor(withSettings({}, logger));
  await client.register('uma', PASSWORD);
  await client.login('uma', PASSWORD);
  const passkey = new SoftwarePasskey(HOST);
  await finishCreation(client, passkey.create(await startCreation(client)));
  await client.logout();
  await client.post('/login/passkey', { credential: 'nonsense' });
  await logIn(client, passkey, { isUserVerified: false });
  await logIn(client, passkey);
  const { text } = await client.get(PATH);
  const path = /href="(\/settings\/passkeys\/remove\/[\w-]{43})"/.exec(text)?.[1] ?? '';
  await client.post(path, { current_password: PASSWORD });
  const events = lines
    .map((line) => JSON.parse(line) as { event?: string; reason?: string })
    .filter(({ event }) => event !== undefined);
  expect(events.map(({ event, reason }) => [event, reason])).toEqual([
    ['registered', undefined],
    ['login_succeeded', undefined],
    ['passkey_added', undefined],
    ['passkey_failed', 'unknown_passkey'],
    ['passkey_failed', 'wrong_proof'],
    ['login_succeeded', undefined],
    ['passkey_removed', undefined],
  ]);
  expect(lines.join('')).not.toContain(passkey.id.toString('base64url'));
});

describe('the pages of the settings', () => {
  const paths = ['', '/add', '/remove/x'];

  test.each(paths)('%s needs a login', async (path) => {
    expect((await visitor().get(`${PATH}${path}`)).status).toBe(401);
  });

  test.each(['/add', '/create', '/remove/x'])('a post to %s needs a login', async (path) => {
    expect((await visitor().post(`${PATH}${path}`)).status).toBe(401);
  });

  test('forms name their user', async () => {
    const { client } = await createUser('vera');
    const list = (await client.get(PATH)).text;
    const path = /href="(\/settings\/passkeys\/remove\/[\w-]{43})"/.exec(list)?.[1] ?? '';
    for (const page of [`${PATH}/add`, path]) {
      expect((await client.get(page)).text).toContain('name="signed_in_as" value="vera"');
    }
    const form = { name: 'x', current_password: PASSWORD, signed_in_as: 'other' };
    expect((await client.post(`${PATH}/add`, form)).status).toBe(409);
  });
});
