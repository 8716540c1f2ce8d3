import { createServer } from 'node:http';
import { beforeAll, expect, test } from 'vitest';
import { useCleanup } from '../../support/cleanup.ts';
import { listen } from '../../support/listen.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { createVisitor, useMiniTwit, type Visitor } from '../../support/minitwit.ts';

// Every instance shows each acknowledged change in the next request. Readers request the same pages all the time,
// so that instances share reads and cache pages. The responses of the database to one instance are delayed, so
// that older reads are in flight there.
const { anotherInstance, databaseConfig, repositories } = useMiniTwit();
const RESPONSE_DELAY_MS = 3;
const ROUNDS = 24;
const READERS = 6;
const PAGES = ['/public', '/alice'];
const proxy = await startTcpProxy(databaseConfig, { responseDelayMs: RESPONSE_DELAY_MS });
const defer = useCleanup();
let origins: string[];
let alice: Visitor[];
let bob: Visitor[];

beforeAll(async () => {
  origins = await Promise.all(
    [anotherInstance(), anotherInstance(proxy.config)].map(async (instance) => {
      const server = createServer(instance);
      defer(() => {
        server.closeAllConnections();
        server.close();
      });
      return `http://127.0.0.1:${await listen(server)}`;
    }),
  );
  alice = await logInEverywhere('alice');
  bob = await logInEverywhere('bob');
  await bob[0]?.post('/alice/follow');
});

/** Registers a user and logs in at each instance. */
async function logInEverywhere(username: string): Promise<Visitor[]> {
  const visitors = origins.map((origin) => createVisitor(origin));
  await visitors[0]?.register(username, 'a password');
  for (const visitor of visitors) await visitor.login(username, 'a password');
  return visitors;
}

/** Reads pages all the time. Returns a function that stops it. */
function startReaders(): () => Promise<void> {
  const end = new AbortController();
  const readers = Array.from({ length: READERS }, async (_, index) => {
    for (let turn = index; !end.signal.aborted; turn++) {
      const page = PAGES[turn % PAGES.length] ?? '';
      await fetch(`${origins[index % origins.length]}${page}`).then((answer) => answer.text());
    }
  });
  return async () => {
    end.abort();
    await Promise.all(readers);
  };
}

/** Sends a form and returns when the instance has acknowledged it. */
async function post(visitor: Visitor | undefined, path: string, form = {}): Promise<void> {
  const answer = await visitor?.agent.post(path).type('form').send(form);
  expect(answer?.status).toBe(302);
}

/** Reads all pages with alice's messages, at every instance. */
async function readAll(): Promise<string[]> {
  const anonymous = origins.flatMap((origin) =>
    PAGES.map((page) => fetch(`${origin}${page}`).then((answer) => answer.text())),
  );
  const timelines = [...alice, ...bob].map(async (visitor) => (await visitor.get('/')).text);
  return Promise.all([...anonymous, ...timelines]);
}

test('every instance shows a message after its post, and hides it after its deletion', async () => {
  const stop = startReaders();
  for (let round = 0; round < ROUNDS; round++) {
    const text = (number: number) => `message ${number}, and no other`;
    await post(alice[round % 2], '/add_message', { text: text(round) });
    for (const page of await readAll()) expect(page).toContain(text(round));

    if (round % 3 !== 1) continue;
    // This is the message of the previous round.
    const profile = await repositories.profiles.findProfile('alice');
    await post(alice[0], `/delete_message/${profile?.newestIds[1]}`);
    for (const page of await readAll()) expect(page).not.toContain(text(round - 1));
  }
  await stop();
});

test('every instance shows that a message was removed, and its text after it is restored', async () => {
  const stop = startReaders();
  const text = 'hidden at times, and no other';
  await post(alice[0], '/add_message', { text });
  const { userId: authorId = 0, newestIds = [] } =
    (await repositories.profiles.findProfile('alice')) ?? {};
  const message = { messageId: newestIds[0] ?? 0, authorId, username: 'alice' };
  const verdict = { actor: null, reason: '' };
  for (let round = 0; round < ROUNDS / 4; round++) {
    for (const page of await readAll()) expect(page).toContain(text);
    await repositories.hiddenMessages.hideMessage(message, verdict);
    for (const page of await readAll()) {
      expect(page).not.toContain(text);
      expect(page).toContain('This message was removed by a moderator.');
    }
    await repositories.hiddenMessages.restoreMessage(message, verdict);
  }
  await stop();
});

test('every instance hides the messages of a blocked or muted user in the next request', async () => {
  await post(alice[0], '/add_message', { text: 'seen by bob, and no other' });
  for (const [index, act] of ['block', 'unblock', 'mute', 'unmute', 'block', 'unblock'].entries()) {
    await post(bob[index % 2], `/alice/${act}`);
    const isSeen = act.startsWith('un');
    for (const visitor of bob) {
      expect((await visitor.get('/public')).text.includes('seen by bob')).toBe(isSeen);
      const page = (await visitor.get('/alice')).text;
      expect(page.includes('seen by bob')).toBe(act !== 'block');
    }
    for (const visitor of alice) {
      expect((await visitor.get('/bob')).text.includes('has blocked you')).toBe(act === 'block');
    }
  }
  await post(bob[0], '/alice/follow');
});

test('every instance counts a follow and shows the messages of the followed user', async () => {
  const stop = startReaders();
  for (let round = 0; round < ROUNDS / 4; round++) {
    const isFollowing = round % 2 > 0;
    await post(bob[round % 2], isFollowing ? '/alice/follow' : '/alice/unfollow');
    for (const origin of origins) {
      const page = await fetch(`${origin}/alice`).then((answer) => answer.text());
      expect(page).toContain(`<strong>${isFollowing ? 1 : 0}</strong> follower`);
    }
    for (const visitor of bob) {
      expect((await visitor.get('/')).text.includes('and no other')).toBe(isFollowing);
    }
  }
  await stop();
});

test('every instance shows the new name of an author after a rename', async () => {
  const carla = await logInEverywhere('carla');
  await post(carla[0], '/add_message', { text: 'by an author' });
  await post(bob[0], '/carla/follow');
  const userId = (await repositories.users.findUser('carla'))?.userId ?? 0;
  const stop = startReaders();
  let former = 'carla';
  for (const name of ['carlotta', 'charlie']) {
    // Each page is in the caches of each instance.
    for (let time = 0; time < 3; time++) await readAll();
    await repositories.renames.rename(userId, name, { actor: null });
    const pages = await Promise.all(
      origins.flatMap((origin) =>
        ['/public', `/${name}`].map(async (page) => (await fetch(`${origin}${page}`)).text()),
      ),
    );
    const own = [...bob, ...carla].map(async (visitor) => (await visitor.get('/')).text);
    for (const page of [...pages, ...(await Promise.all(own))]) {
      expect(page).toContain(`href="/${name}"`);
      expect(page).not.toContain(former);
    }
    for (const origin of origins) expect((await fetch(`${origin}/${former}`)).status).toBe(404);
    former = name;
  }
  await stop();
});
