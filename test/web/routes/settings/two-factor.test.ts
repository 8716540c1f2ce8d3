import type { RequestListener } from 'node:http';
import { TOTP, Secret } from 'otpauth';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { renewTotpSecrets } from '../../../../src/web/factors/renew-totp-secrets.ts';
import { createTotpSecrets } from '../../../../src/web/factors/totp-secrets.ts';
import { captureLog } from '../../../support/capture-log.ts';
import { testConfig, testLimits, useMiniTwit, type Visitor } from '../../../support/minitwit.ts';

const { app, visitor, user, withSettings, anotherInstance, repositories, database } = useMiniTwit();
const PASSWORD = 'a password';
const SETUP_PATH = '/settings/two_factor';
const STEP_MS = 30_000;

beforeEach(() => {
  // Otherwise, the time step could change between the computation of a code and its check.
  setTime(Date.now());
});

afterEach(() => {
  vi.useRealTimers();
});

/** Stops the clock of the application, but not its timers. */
function setTime(timeMs: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: timeMs });
}

/** Returns the code of a secret, `steps` time steps from now. */
function codeOf(secret: string, steps = 0): string {
  const timestamp = Date.now() + steps * STEP_MS;
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp });
}

/** Returns the value of a hidden field. */
function hiddenField(text: string, name: string): string {
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1] ?? '';
}

/** Returns a sealed text with one other character. */
function forge(sealed: string): string {
  const middle = Math.floor(sealed.length / 2);
  const other = sealed[middle] === 'A' ? 'B' : 'A';
  return sealed.slice(0, middle) + other + sealed.slice(middle + 1);
}

function listCodes(text: string): string[] {
  return Array.from(
    text.matchAll(/<li><code>([A-Z2-7-]+)<\/code><\/li>/g),
    ([, code = '']) => code,
  );
}

/** Opens the setup page. Returns its secret, also in its sealed form. */
async function openSetup({ get }: Visitor): Promise<{ secret: string; sealed: string }> {
  const { text } = await get(SETUP_PATH);
  const secret = /<code class="secret">([A-Z2-7 ]+)<\/code>/.exec(text)?.[1] ?? '';
  return { secret: secret.replaceAll(' ', ''), sealed: hiddenField(text, 'secret') };
}

/** Registers a user who turns on codes. */
async function createUser(
  username: string,
): Promise<{ client: Visitor; secret: string; recoveryCodes: string[]; userId: number }> {
  const client = await user(username);
  const { secret, sealed } = await openSetup(client);
  // The code of the previous step, so that the code of this step can still be used.
  const form = { secret: sealed, code: codeOf(secret, -1), current_password: PASSWORD };
  const { text } = await client.post(SETUP_PATH, form);
  const userId = (await repositories.users.findUser(username))?.userId ?? 0;
  return { client, secret, recoveryCodes: listCodes(text), userId };
}

/** Enters the password. Returns the field that continues the login. */
async function enterPassword(client: Visitor, username: string, more = {}): Promise<string> {
  const { text } = await client.post('/login', { username, password: PASSWORD, ...more });
  expect(text).toContain('<h1>Enter a Code</h1>');
  return hiddenField(text, 'pending_login');
}

/** Enters the password and a code. */
async function logIn(client: Visitor, username: string, code: string) {
  return client.post('/login/code', { pending_login: await enterPassword(client, username), code });
}

async function isSignedIn({ agent }: Visitor): Promise<boolean> {
  return (await agent.get('/settings')).status === 200;
}

describe('the setup', () => {
  test('turns on codes after a code and the password, and ends all other sessions', async () => {
    const alice = await user('alice');
    const elsewhere = visitor();
    await elsewhere.login('alice', PASSWORD);
    expect((await alice.get('/settings')).text).toContain('Turn on two-factor sign-in');
    const { secret, sealed } = await openSetup(alice);
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    const form = { secret: sealed, code: codeOf(secret), current_password: PASSWORD };
    const { text } = await alice.post(SETUP_PATH, form);
    expect(text).toContain('Two-factor sign-in is on, and all other sessions were ended');
    const codes = listCodes(text);
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) expect(code).toMatch(/^(?:[A-Z2-7]{4}-){5}[A-Z2-7]{4}$/);
    expect(await isSignedIn(elsewhere)).toBe(false);
    expect((await alice.get('/settings')).text).toContain('Two-factor sign-in is on');
    const page = await alice.get(SETUP_PATH);
    expect(page.text).toContain('You have 10 unused recovery codes');
    for (const code of codes) expect(page.text).not.toContain(code);
    const stored = await database.select<{ codeHash: string }>(
      'select code_hash as codeHash from recovery_code',
    );
    const spellings = new Set(codes.flatMap((code) => [code, code.replaceAll('-', '')]));
    expect(stored.filter(({ codeHash }) => spellings.has(codeHash))).toEqual([]);
    expect(stored).toHaveLength(codes.length);
    expect((await alice.post(SETUP_PATH, form)).status).toBe(409);
  });

  test('retains the secret after a wrong code and a wrong password', async () => {
    const bob = await user('bob');
    const { secret, sealed } = await openSetup(bob);
    const form = { secret: sealed, code: codeOf(secret), current_password: PASSWORD };
    const wrong: [Record<string, string>, string][] = [
      [{ code: codeOf(secret, 3) }, 'This code is wrong'],
      [{ code: '' }, 'This code is wrong'],
      [{ current_password: 'wrong' }, 'Invalid password'],
      [{ current_password: '' }, 'Invalid password'],
    ];
    for (const [change, message] of wrong) {
      const { text } = await bob.post(SETUP_PATH, { ...form, ...change });
      expect(text).toContain(`<strong>Error:</strong> ${message}`);
      expect(text).toContain('<title>Error: Two-Factor Sign-In | MiniTwit</title>');
      expect(text).toContain(secret.replaceAll(/.{4}(?=.)/g, '$& '));
      expect(text).not.toContain(PASSWORD);
    }
    expect((await visitor().login('bob', PASSWORD)).text).toContain('You were logged in');
    const code = codeOf(secret).replace(/^.../, '$& ');
    expect((await bob.post(SETUP_PATH, { ...form, code })).text).toContain('Recovery Codes');
  });

  test('refuses a secret that is forged, expired, or of another user', async () => {
    const carol = await user('carol');
    const { secret, sealed } = await openSetup(carol);
    const other = await openSetup(await user('carl'));
    const { text } = await carol.get('/settings');
    const login = hiddenField(text, 'pending_login');
    const turnOn = (sealedSecret: string, key = secret) =>
      carol.post(SETUP_PATH, {
        secret: sealedSecret,
        code: codeOf(key),
        current_password: PASSWORD,
      });
    const forged = forge(sealed);
    for (const attempt of ['', secret, forged, `${sealed}A`, sealed.slice(0, 20), login]) {
      expect((await turnOn(attempt)).text).toContain('This page was open for too long');
    }
    expect((await turnOn(other.sealed, other.secret)).text).toContain('open for too long');
    setTime(Date.now() + 3601_000);
    const late = await turnOn(sealed);
    expect(late.text).toContain('This page was open for too long. Scan the new QR code.');
    expect(late.text).not.toContain(sealed);
    expect((await visitor().login('carol', PASSWORD)).text).toContain('You were logged in');
  });

  test('another instance turns on codes', async () => {
    const dan = await user('dan');
    const { secret, sealed } = await openSetup(dan);
    const other = visitor(anotherInstance());
    await other.login('dan', PASSWORD);
    const form = { secret: sealed, code: codeOf(secret), current_password: PASSWORD };
    expect((await other.post(SETUP_PATH, form)).text).toContain('Two-factor sign-in is on');
    expect((await visitor().login('dan', PASSWORD)).text).toContain('<h1>Enter a Code</h1>');
  });
});

describe('the login', () => {
  test('needs a code after the password, and no session exists before', async () => {
    const { secret, userId } = await createUser('erin');
    const client = visitor();
    const pending = await client.agent
      .post('/login')
      .type('form')
      .send({ username: 'erin', password: PASSWORD });
    expect(pending.headers['set-cookie']).toBeUndefined();
    expect(await repositories.sessions.listSessions(userId, 0)).toHaveLength(1);
    expect(await isSignedIn(client)).toBe(false);
    const form = {
      pending_login: hiddenField(pending.text, 'pending_login'),
      code: codeOf(secret),
    };
    expect((await client.post('/login/code', form)).text).toContain('You were logged in');
    expect(await isSignedIn(client)).toBe(true);
  });

  test('reports a wrong password before it asks for a code', async () => {
    await createUser('emil');
    expect((await visitor().login('emil', 'wrong')).text).toContain('Invalid password');
  });

  test('accepts a code one step early or late, and no other', async () => {
    const { secret } = await createUser('faye');
    const startMs = Date.now() + 10 * STEP_MS;
    for (const [index, steps] of [-1, 0, 1].entries()) {
      setTime(startMs + index * 10 * STEP_MS);
      for (const wrong of [-2, 2, 100]) {
        const { text } = await logIn(visitor(), 'faye', codeOf(secret, wrong));
        expect(text).toContain('<strong>Error:</strong> This code is wrong');
      }
      const { text } = await logIn(visitor(), 'faye', codeOf(secret, steps));
      expect(text).toContain('You were logged in');
    }
  });

  test('accepts each code once, and none before it', async () => {
    const { secret } = await createUser('gus');
    setTime(Date.now() + 10 * STEP_MS);
    expect((await logIn(visitor(), 'gus', codeOf(secret))).text).toContain('You were logged in');
    for (const steps of [0, -1]) {
      const { text } = await logIn(visitor(), 'gus', codeOf(secret, steps));
      expect(text).toContain('This code is wrong, or it was used before');
    }
    expect((await logIn(visitor(), 'gus', codeOf(secret, 1))).text).toContain('You were logged in');
  });

  test('one of parallel logins with the same code succeeds', async () => {
    const { secret } = await createUser('hal');
    const clients = [visitor(), visitor(anotherInstance()), visitor(anotherInstance())];
    const pending = await Promise.all(clients.map((client) => enterPassword(client, 'hal')));
    const code = codeOf(secret);
    const responses = await Promise.all(
      clients.map(({ agent }, index) =>
        agent.post('/login/code').type('form').send({ pending_login: pending[index], code }),
      ),
    );
    expect(responses.filter(({ status }) => status === 302)).toHaveLength(1);
  });

  test('accepts a recovery code once, in any spelling', async () => {
    const { recoveryCodes } = await createUser('ida');
    const [first = '', second = ''] = recoveryCodes;
    const spelled = ` ${first.toLowerCase().replaceAll('-', ' ')} `;
    const { text } = await logIn(visitor(), 'ida', spelled);
    expect(text).toContain('You were logged in. You have 9 unused recovery codes.');
    expect((await logIn(visitor(), 'ida', first)).text).toContain('This code is wrong');
    expect((await logIn(visitor(), 'ida', second)).text).toContain('8 unused recovery codes');
  });

  test('needs the password again after ten minutes, a change of the password, or without a valid state', async () => {
    const { client, secret } = await createUser('judy');
    const other = await createUser('jim');
    const expectRefused = async (pending: string, key = secret) => {
      const form = { pending_login: pending, code: codeOf(key), draft: 'a draft' };
      const { text } = await visitor().post('/login/code', form);
      expect(text).toContain('Your sign-in has expired, or your password was changed.');
      expect(text).toContain('a draft</textarea>');
    };
    const pending = await enterPassword(visitor(), 'judy');
    const forged = forge(pending);
    const { sealed } = await openSetup(await user('jane'));
    for (const attempt of ['', forged, `${pending}AAAA`, sealed, 'x'.repeat(5000)]) {
      await expectRefused(attempt);
    }
    // The state belongs to one user, and so does the code.
    const jim = { pending_login: await enterPassword(visitor(), 'jim'), code: codeOf(secret) };
    expect((await visitor().post('/login/code', jim)).text).toContain('This code is wrong');
    setTime(Date.now() + 601_000);
    await expectRefused(pending);
    setTime(Date.now() - 601_000);
    await client.post('/settings/password', {
      current_password: PASSWORD,
      password: 'another one',
      password2: 'another one',
    });
    await expectRefused(pending);
    const stale = await enterPassword(visitor(), 'jim');
    await other.client.post('/settings/two_factor/turn_off', { current_password: PASSWORD });
    await expectRefused(stale, other.secret);
  });

  test('/login/code redirects a reader without a password to the login', async () => {
    const { headers } = await visitor().agent.get('/login/code');
    expect(headers.location).toBe('/login');
  });

  test('carries the draft, replaces the session of another user, and marks the device as known', async () => {
    const { secret } = await createUser('kai');
    const client = await user('lena');
    const more = { draft: 'not posted yet' };
    const { text } = await client.post('/login', { username: 'kai', password: PASSWORD, ...more });
    expect(text).toContain('not posted yet</textarea>');
    expect(text).toContain('sign out [lena]');
    const pending = hiddenField(text, 'pending_login');
    const wrong = await client.post('/login/code', { pending_login: pending, code: '0', ...more });
    expect(wrong.text).toContain('not posted yet</textarea>');
    const form = { pending_login: pending, code: codeOf(secret), ...more };
    const response = await client.agent.post('/login/code').type('form').send(form);
    expect(response.text).toContain('You were logged in, and lena was logged out');
    expect(response.text).toContain('not posted yet</textarea>');
    expect(response.text).toContain('sign out [kai]');
    expect(String(response.headers['set-cookie'])).toContain('device=');
    // The user is logged in, so a second click needs no code.
    const again = await client.agent
      .post('/login/code')
      .type('form')
      .send({ ...form, draft: '' });
    expect(again.headers.location).toBe('/');
  });

  test('shows the hint on cookies to a browser that stores none', async () => {
    const { secret } = await createUser('mo');
    const form = { pending_login: await enterPassword(visitor(), 'mo'), code: codeOf(secret) };
    const { headers } = await visitor().agent.post('/login/code').type('form').send(form);
    expect((await visitor().get(String(headers.location))).text).toContain(
      'your browser did not store MiniTwit’s cookie',
    );
  });
});

describe('the limit of wrong codes', () => {
  const rateLimits = { ...testLimits, loginsPerName: 3 };
  let one: RequestListener;
  let other: RequestListener;

  beforeAll(() => {
    one = withSettings({ rateLimits });
    other = withSettings({ rateLimits });
  });

  test('counts at every instance, across logins and recovery codes, but not on a known device', async () => {
    const { secret, recoveryCodes } = await createUser('nora');
    const laptop = visitor(one);
    await logIn(laptop, 'nora', codeOf(secret));
    await laptop.logout();
    for (const [instance, code] of [
      [one, '000000'],
      [other, 'AAAA-AAAA'],
      [one, ''],
    ] as const) {
      expect((await logIn(visitor(instance), 'nora', code)).text).toContain('This code is wrong');
    }
    setTime(Date.now() + 2 * STEP_MS);
    const attacker = visitor(other);
    const pending = await enterPassword(attacker, 'nora');
    for (const code of [codeOf(secret), recoveryCodes[0] ?? '']) {
      const response = await attacker.post('/login/code', { pending_login: pending, code });
      expect(response.status).toBe(429);
      expect(response.text).toContain('Too many wrong codes for this account');
      expect(Number(response.headers['retry-after'])).toBeGreaterThan(50 * 60);
    }
    expect((await logIn(laptop, 'nora', codeOf(secret))).text).toContain('You were logged in');
  });

  test('does not count correct codes', async () => {
    const { recoveryCodes } = await createUser('olga');
    for (const code of recoveryCodes.slice(0, 5)) {
      expect((await logIn(visitor(one), 'olga', code)).text).toContain('You were logged in');
    }
  });
});

describe('a rotation of the session secret', () => {
  const [old = ''] = testConfig.sessionSecrets;
  const next = 'the next secret of the tests with 32 characters';
  const readSecret = async (userId: number) =>
    (await repositories.totp.findTotpUser(userId))?.secret ?? '';

  test('codes are still accepted, and also without the old secret after the secrets were encrypted again', async () => {
    const { secret, userId } = await createUser('pia');
    const before = await readSecret(userId);
    expect(before).not.toContain(secret);
    const sessionSecrets = [next, old];
    const rotated = withSettings({ sessionSecrets });
    expect((await logIn(visitor(rotated), 'pia', codeOf(secret))).text).toContain(
      'You were logged',
    );
    expect(await readSecret(userId)).toBe(before);
    await renewTotpSecrets(repositories.totp, createTotpSecrets({ sessionSecrets }));
    expect(await readSecret(userId)).not.toBe(before);
    for (const instance of [rotated, withSettings({ sessionSecrets: [next] })]) {
      setTime(Date.now() + 5 * STEP_MS);
      const { text } = await logIn(visitor(instance), 'pia', codeOf(secret));
      expect(text).toContain('You were logged in');
    }
    // The other tests continue with the old secret.
    await renewTotpSecrets(repositories.totp, createTotpSecrets({ sessionSecrets: [old, next] }));
  });

  test('an instance with the old secret continues a login of an instance with the new one', async () => {
    const { secret } = await createUser('quin');
    const pending = await enterPassword(
      visitor(withSettings({ sessionSecrets: [next, old] })),
      'quin',
    );
    const both = visitor(withSettings({ sessionSecrets: [old, next] }));
    const form = { pending_login: pending, code: codeOf(secret) };
    expect((await both.post('/login/code', form)).text).toContain('You were logged in');
  });

  test('without the old secret, the user logs in with a recovery code, and turns codes off and on', async () => {
    const { secret, recoveryCodes } = await createUser('rosa');
    const rateLimits = { ...testLimits, loginsPerName: 3 };
    const dropped = withSettings({ sessionSecrets: [next], rateLimits });
    const rosa = visitor(dropped);
    // A code that cannot be checked does not count as a wrong one.
    for (let attempt = 0; attempt < 4; attempt++) {
      expect((await logIn(rosa, 'rosa', codeOf(secret))).text).toContain(
        'MiniTwit can no longer check the codes of your app. Enter a recovery code.',
      );
    }
    expect((await logIn(rosa, 'rosa', recoveryCodes[0] ?? '')).text).toContain(
      'You were logged in',
    );
    await rosa.post('/settings/two_factor/turn_off', { current_password: PASSWORD });
    const setup = await openSetup(rosa);
    const form = { secret: setup.sealed, code: codeOf(setup.secret), current_password: PASSWORD };
    expect((await rosa.post(SETUP_PATH, form)).text).toContain('Two-factor sign-in is on');
  });

  test('a stored secret of one user is not readable as that of another user', async () => {
    const sven = await createUser('sven');
    const tina = await createUser('tina');
    await database.execute('update totp set secret = :secret where user_id = :userId', {
      secret: await readSecret(sven.userId),
      userId: tina.userId,
    });
    expect((await logIn(visitor(), 'tina', codeOf(sven.secret))).text).toContain(
      'MiniTwit can no longer check the codes',
    );
  });
});

describe('the settings', () => {
  test('create new recovery codes after the password was entered', async () => {
    const { client, recoveryCodes } = await createUser('uma');
    const path = '/settings/two_factor/recovery_codes';
    expect((await client.get(path)).text).toContain('<h1>Create new recovery codes?</h1>');
    const wrong = await client.post(path, { current_password: 'wrong' });
    expect(wrong.text).toContain('<strong>Error:</strong> Invalid password');
    const { text } = await client.post(path, { current_password: PASSWORD });
    const codes = listCodes(text);
    expect(codes).toHaveLength(10);
    expect((await logIn(visitor(), 'uma', recoveryCodes[0] ?? '')).text).toContain('is wrong');
    expect((await logIn(visitor(), 'uma', codes[0] ?? '')).text).toContain('You were logged in');
  });

  test('turn off codes after the password was entered, and end all other sessions', async () => {
    const { client, secret, recoveryCodes } = await createUser('vera');
    const elsewhere = visitor();
    await logIn(elsewhere, 'vera', codeOf(secret));
    const path = '/settings/two_factor/turn_off';
    expect((await client.get(path)).text).toContain('<h1>Turn off two-factor sign-in?</h1>');
    const wrong = await client.post(path, { current_password: recoveryCodes[0] ?? '' });
    expect(wrong.text).toContain('<strong>Error:</strong> Invalid password');
    expect(await isSignedIn(elsewhere)).toBe(true);
    const { text } = await client.post(path, { current_password: PASSWORD });
    expect(text).toContain('Two-factor sign-in is off, and all other sessions were ended');
    expect(await isSignedIn(elsewhere)).toBe(false);
    expect((await visitor().login('vera', PASSWORD)).text).toContain('You were logged in');
    expect((await client.post(path, { current_password: PASSWORD })).status).toBe(409);
  });

  test('a change of the password leaves codes on', async () => {
    const { client, secret } = await createUser('will');
    const form = { current_password: PASSWORD, password: 'another one', password2: 'another one' };
    await client.post('/settings/password', form);
    const next = visitor();
    const { text } = await next.login('will', 'another one');
    expect(text).toContain('<h1>Enter a Code</h1>');
    const pending = hiddenField(text, 'pending_login');
    const login = { pending_login: pending, code: codeOf(secret) };
    expect((await next.post('/login/code', login)).text).toContain('You were logged in');
  });

  test('wrong passwords count as failed logins', async () => {
    const { secret } = await createUser('xena');
    const rateLimits = { ...testLimits, loginsPerName: 3 };
    const xena = visitor(withSettings({ rateLimits }));
    await logIn(xena, 'xena', codeOf(secret));
    const path = '/settings/two_factor/turn_off';
    for (let guess = 0; guess < 3; guess++) await xena.post(path, { current_password: 'guess' });
    for (const each of [path, '/settings/two_factor/recovery_codes']) {
      expect((await xena.post(each, { current_password: PASSWORD })).status).toBe(429);
    }
  });

  test.each(['', '/recovery_codes', '/turn_off'])('%s needs a login', async (path) => {
    expect((await visitor().get(`${SETUP_PATH}${path}`)).status).toBe(401);
    expect((await visitor().post(`${SETUP_PATH}${path}`)).status).toBe(401);
  });

  test('each form names its user', async () => {
    const yan = await user('yan');
    const { client } = await createUser('yuri');
    expect((await yan.get(SETUP_PATH)).text).toContain('name="signed_in_as" value="yan"');
    for (const path of ['/recovery_codes', '/turn_off']) {
      const { text } = await client.get(`${SETUP_PATH}${path}`);
      expect(text).toContain('name="signed_in_as" value="yuri"');
    }
  });
});

test('logs each change and each failure, but no code and no secret', async () => {
  const { logger, lines } = captureLog();
  const client = visitor(withSettings({ rateLimits: { ...testLimits, loginsPerName: 1 } }, logger));
  await client.register('zoe', PASSWORD);
  await client.login('zoe', PASSWORD);
  const { secret, sealed } = await openSetup(client);
  const form = { secret: sealed, code: codeOf(secret), current_password: PASSWORD };
  let codes = listCodes((await client.post(SETUP_PATH, form)).text);
  const password = { current_password: PASSWORD };
  codes = listCodes((await client.post('/settings/two_factor/recovery_codes', password)).text);
  await client.logout();
  await logIn(client, 'zoe', codes[0] ?? '');
  await client.logout();
  await logIn(client, 'zoe', '123456');
  await visitor(app).login('zoe', PASSWORD);
  const wrong = visitor();
  await logIn(wrong, 'zoe', codes[1] ?? '');
  const events = lines.map((line) => JSON.parse(line) as { event?: string; userId?: number });
  const userId = (await repositories.users.findUser('zoe'))?.userId;
  expect(events.filter(({ event }) => event).map(({ event }) => event)).toEqual([
    'registered',
    'login_succeeded',
    'second_factor_enabled',
    'recovery_codes_created',
    'recovery_code_used',
    'login_succeeded',
    'second_factor_failed',
    'locked_out',
  ]);
  for (const event of events.filter((each) => each.event)) {
    expect(event.event === 'registered' || event.userId === userId).toBe(true);
  }
  const log = lines.join('');
  expect(log).toContain('"event":"second_factor_failed","userId":');
  expect(log).toContain('"reason":"wrong_code"');
  for (const text of [secret, sealed, PASSWORD, '123456', ...codes])
    expect(log).not.toContain(text);
});
