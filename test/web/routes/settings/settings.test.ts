import { beforeAll, expect, test, vi } from 'vitest';
import { captureLog } from '../../../support/capture-log.ts';
import { testLimits, useMiniTwit, type Visitor } from '../../../support/minitwit.ts';

const { visitor, user, withSettings, repositories, database } = useMiniTwit();
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; rv:150.0) Gecko/20100101 Firefox/150.0';
const CHROME =
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/150.0.0.0 Mobile Safari/537.36';
const PASSWORD = { current_password: 'a password' };

/** Registers a user, and returns a client of the user for each of these User-Agent headers. */
async function createUser(username: string, ...userAgents: string[]): Promise<Visitor[]> {
  await visitor().register(username, 'a password');
  const clients: Visitor[] = [];
  for (const userAgent of userAgents) {
    const client = visitor();
    client.agent.set('User-Agent', userAgent);
    await client.login(username, 'a password');
    clients.push(client);
  }
  return clients;
}

/** Returns the listed sessions as text, without times. */
async function readSessions({ get }: Visitor): Promise<string[]> {
  const { text } = await get('/settings');
  return Array.from(text.matchAll(/<li class="session">([^]*?)<\/li>/g), ([, item = '']) =>
    item
      .replaceAll(/<p class="about">.*<\/p>|<[^>]*>/g, '')
      .replaceAll(/\s+/g, ' ')
      .trim(),
  );
}

/** Returns the path of the page that ends the only other session. */
async function findEndPath({ get }: Visitor): Promise<string> {
  const { text } = await get('/settings');
  return /href="(\/settings\/end_session\/[\w-]{43})"/.exec(text)?.[1] ?? '';
}

test('lists the sessions with browser and system, and marks the session of this browser', async () => {
  const [firefox, chrome, program] = await createUser('alice', FIREFOX, CHROME, 'curl/8');
  await createUser('bob', CHROME);
  expect((await readSessions(firefox as Visitor)).toSorted()).toEqual([
    'Chrome on Android End this session',
    'Firefox on Windows – this one',
    'Unknown browser End this session',
  ]);
  expect(await readSessions(chrome as Visitor)).toContain('Chrome on Android – this one');
  expect(await readSessions(program as Visitor)).toContain('Unknown browser – this one');
});

test('lists the times of the login and of the last use', async () => {
  const loginMs = Date.parse('2026-01-01T10:00:00Z');
  vi.useFakeTimers({ toFake: ['Date'], now: loginMs });
  try {
    const [carol] = await createUser('carol', FIREFOX);
    vi.setSystemTime(Date.parse('2026-01-03T12:30:00Z'));
    await carol?.get('/');
    const { text } = (await carol?.get('/settings')) ?? { text: '' };
    expect(text.replaceAll(/<\/?time[^>]*>/g, '')).toContain(
      'Signed in 2026-01-01 @ 10:00 UTC, last used 2026-01-03 @ 12:30 UTC',
    );
    // A session of 180 days has ended, although it may expire later.
    for (const day of ['01-25', '02-20', '03-15', '04-10', '05-05', '06-01', '06-25']) {
      vi.setSystemTime(Date.parse(`2026-${day}T12:00:00Z`));
      expect((await carol?.get('/settings'))?.status).toBe(200);
    }
    vi.setSystemTime(Date.parse('2026-07-02T12:00:00Z'));
    const again = visitor();
    await again.login('carol', 'a password');
    expect(await readSessions(again)).toEqual(['Unknown browser – this one']);
  } finally {
    vi.useRealTimers();
  }
});

test('a session of the previous release gets its browser with the next use', async () => {
  const [dave] = await createUser('dave', FIREFOX);
  await database.execute(
    `update session join user using (user_id) set browser = '', expires_s = expires_s - 7200
     where username = 'dave'`,
  );
  expect(await readSessions(dave as Visitor)).toEqual(['Firefox on Windows – this one']);
});

test('ends one session after the password was entered', async () => {
  const [one, other] = (await createUser('erin', FIREFOX, CHROME)) as [Visitor, Visitor];
  const path = await findEndPath(one);
  const page = await one.get(path);
  expect(page.text).toContain('<h1>End this session?</h1>');
  expect(page.text).toContain('Chrome on Android');
  const wrong = await one.post(path, { current_password: 'wrong' });
  expect(wrong.text).toContain('<strong>Error:</strong> Invalid password');
  expect(wrong.text).toContain('<title>Error: End this session? | MiniTwit</title>');
  expect((await other.get('/settings')).status).toBe(200);
  expect((await one.post(path, PASSWORD)).text).toContain('The session was ended');
  expect((await other.get('/settings')).status).toBe(401);
  expect(await readSessions(one)).toEqual(['Firefox on Windows – this one']);
  // The session has already ended.
  expect((await one.post(path, PASSWORD)).status).toBe(404);
});

test('ends all other sessions after the password was entered', async () => {
  const clients = await createUser('faye', FIREFOX, CHROME, 'curl/8');
  const [bob] = (await createUser('gus', FIREFOX)) as [Visitor];
  const [one, ...others] = clients as [Visitor, ...Visitor[]];
  const path = '/settings/end_other_sessions';
  expect((await one.get(path)).text).toContain('<h1>End all other sessions?</h1>');
  expect((await one.post(path, { current_password: '' })).text).toContain('Invalid password');
  expect(await readSessions(one)).toHaveLength(3);
  expect((await one.post(path, PASSWORD)).text).toContain('All other sessions were ended');
  expect(await readSessions(one)).toHaveLength(1);
  for (const other of others) expect((await other.get('/settings')).status).toBe(401);
  expect((await bob.get('/settings')).status).toBe(200);
});

test('ends no session of another user, and not the current one', async () => {
  const [one, other] = (await createUser('hugo', FIREFOX, CHROME)) as [Visitor, Visitor];
  const [ida] = (await createUser('ida', FIREFOX)) as [Visitor];
  const path = await findEndPath(one);
  expect((await ida.get(path)).status).toBe(404);
  expect((await ida.post(path, PASSWORD)).status).toBe(404);
  // For the other browser, this is its own session.
  expect((await other.post(path, PASSWORD)).status).toBe(404);
  expect((await other.get('/settings')).status).toBe(200);
});

test('pages disclose no session id', async () => {
  const [one] = (await createUser('judy', FIREFOX, CHROME)) as [Visitor];
  const userId = (await repositories.users.findUser('judy'))?.userId ?? 0;
  const sessions = await repositories.sessions.listSessions(userId, 0);
  const pages = [await one.get('/settings'), await one.get(await findEndPath(one))];
  for (const { text } of pages) {
    for (const { sessionId } of sessions) expect(text).not.toContain(sessionId.slice(8));
  }
});

test('returns 429 after wrong passwords, which count as failed logins', async () => {
  await createUser('kai', FIREFOX);
  const rateLimits = { ...testLimits, loginsPerName: 3 };
  const kai = visitor(withSettings({ rateLimits, trustProxy: 1 }));
  await kai.login('kai', 'a password');
  const path = await findEndPath(kai);
  for (let guess = 0; guess < 3; guess++) {
    expect((await kai.post(path, { current_password: 'guess' })).status).toBe(200);
  }
  for (const each of [path, '/settings/end_other_sessions']) {
    const { status, text } = await kai.post(each, PASSWORD);
    expect(status).toBe(429);
    expect(text).toContain('Too many failed logins under this name');
  }
  expect(await readSessions(kai)).toHaveLength(2);
});

test('logs that sessions were ended', async () => {
  await createUser('lars', FIREFOX);
  const { logger, lines } = captureLog();
  const lars = visitor(withSettings({}, logger));
  await lars.login('lars', 'a password');
  await lars.post('/settings/end_other_sessions', PASSWORD);
  const userId = (await repositories.users.findUser('lars'))?.userId;
  expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
    expect.objectContaining({ event: 'sessions_ended', userId }),
  );
});

let mia: Visitor;

beforeAll(async () => {
  mia = await user('mia');
});

test.each([
  ['get', '/settings'],
  ['get', '/settings/end_other_sessions'],
  ['post', '/settings/end_other_sessions'],
  ['get', '/settings/end_session/x'],
  ['post', '/settings/end_session/x'],
] as const)('%s %s needs a login', async (method, path) => {
  expect((await visitor()[method](path)).status).toBe(401);
});

test('each form names its user, and a form of another user is refused', async () => {
  await visitor().login('mia', 'a password');
  for (const path of [
    '/settings/password',
    '/settings/end_other_sessions',
    await findEndPath(mia),
  ]) {
    expect((await mia.get(path)).text).toContain('name="signed_in_as" value="mia"');
  }
  const form = { ...PASSWORD, signed_in_as: 'nina' };
  expect((await mia.post('/settings/end_other_sessions', form)).status).toBe(409);
});
