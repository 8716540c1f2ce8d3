import { expect, test } from 'vitest';
import { createHiddenAuthors } from '../../src/repositories/hidden-authors.ts';
import { waitFor } from '../support/wait-for.ts';
import { Client } from './client.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { recordFigures } from './figures.ts';
import {
  createUsers,
  LOAD_FACTOR,
  reconcile,
  startLoad,
  succeeded,
  waitForRequests,
} from './load.ts';

const USERS = 6;
const AUTHORS = 6 * LOAD_FACTOR;
const FUTURE_S = 4_000_000_000;

/** An author who posts at both instances without pauses. */
interface Author {
  name: string;
  userId: number;
  client: Client;
  /** Resolves with the number of acknowledged posts when a post was refused. */
  posts: Promise<number>;
}

test('no page of any instance shows a deleted or suspended author after the acknowledgement, under load', async () => {
  const cluster = await startCluster();
  const load = startLoad(await createUsers(cluster.url, USERS));
  const reader = new Client(cluster.url);
  await reader.register('reader');
  await reader.login('reader');
  let posts = 0;
  let pages = 0;
  for (let index = 0; index < AUTHORS; index++) {
    const author = await startAuthor(cluster, reader, index);
    await waitForRequests(load, 10);
    const before = (await findNewestId(cluster, author)) + 1;
    expect(await readPages(cluster, reader, author, before)).toContain(true);

    await (index % 2 === 0 ? deleteAccount(author) : suspend(cluster, author));
    const shown = await readPages(cluster, reader, author, before);
    expect(shown).toEqual(shown.map(() => false));
    posts += await author.posts;
    const shownLater = await readPages(cluster, reader, author, before + 1000);
    expect(shownLater).toEqual(shownLater.map(() => false));
    pages += shown.length + shownLater.length;
  }
  const waitedMs = await waitFor('the rows of all deleted accounts are gone', async () => {
    const rows = await cluster.database.select('select 1 from hidden_author where is_deleted');
    return rows.length === 0;
  });
  await load.stop();
  const ledger = await reconcile(load.requests, cluster.database);
  await recordFigures('12. Authors are deleted and suspended', {
    requests: ledger.requests,
    failed: ledger.failed,
    acknowledged: ledger.acknowledged,
    found: ledger.found,
    'deleted and suspended authors': AUTHORS,
    'their posts': posts,
    'pages without them': pages,
    'until the last rows are deleted (ms)': waitedMs,
  });
  expect(load.requests.filter((each) => !succeeded(each))).toEqual([]);
  expect(ledger).toMatchObject({ found: ledger.acknowledged, duplicated: 0 });
  expect(await listWrongCounts(cluster)).toEqual([]);
});

/** Registers an author who follows the reader and is followed by the reader, and lets the author post. */
async function startAuthor(
  { url, instances, database }: Cluster,
  reader: Client,
  index: number,
): Promise<Author> {
  const name = `author${index}`;
  const client = new Client(url);
  await client.register(name);
  await client.login(name);
  await client.post('/reader/follow');
  expect((await reader.post(`/${name}/follow`)).status).toBe(302);
  const [row] = await database.select<{ userId: number }>(
    'select user_id as userId from user where username = :name',
    { name },
  );
  const post = async (instance: Client, place: number) => {
    for (let count = 0; ; count++) {
      const text = `text of ${name}: ${count} at ${place}`;
      const { status } = await instance.post('/add_message', { text });
      if (status === 302) continue;
      // The session has ended, or the post came at the same moment.
      expect(status).toBe(401);
      return count;
    }
  };
  const counts = Promise.all(
    instances.map((instance, place) => post(client.withUrl(instance.url), place)),
  );
  const posts = counts.then((each) => each.reduce((sum, count) => sum + count, 0));
  return { name, userId: row?.userId ?? 0, client, posts };
}

async function deleteAccount({ client }: Author): Promise<void> {
  const form = { current_password: 'a password' };
  expect((await client.post('/settings/delete_account', form)).status).toBe(302);
}

async function suspend({ database }: Cluster, { userId }: Author): Promise<void> {
  const source = { actor: null, reason: 'a test' };
  expect(await createHiddenAuthors(database).suspend(userId, FUTURE_S, source)).toBe(true);
}

async function findNewestId({ database }: Cluster, { userId }: Author): Promise<number> {
  let newestId = 0;
  await waitFor('the author has posted', async () => {
    const [row] = await database.select<{ id: number | null }>(
      'select max(message_id) as id from message where author_id = :userId',
      { userId },
    );
    newestId = row?.id ?? 0;
    return newestId > 0;
  });
  return newestId;
}

/** Reads pages of both instances at the same time. Returns for each whether it has a message of the author. */
function readPages(
  { instances }: Cluster,
  reader: Client,
  { name }: Author,
  before: number,
): Promise<boolean[]> {
  const paths = ['/public', '/', `/${name}`].flatMap((path) => [path, `${path}?before=${before}`]);
  return Promise.all(
    instances.flatMap(({ url }) => {
      const client = reader.withUrl(url);
      return paths.map(async (path) => {
        const { status, text } = await client.get(path);
        expect([200, 404]).toContain(status);
        return text.includes(`text of ${name}:`);
      });
    }),
  );
}

/** Lists the users whose counts of follows differ from the table `follower`. */
function listWrongCounts({ database }: Cluster): Promise<unknown[]> {
  return database.select(
    `select user_id
     from profile
     where followers <> (select count(*) from follower where whom_id = user_id)
       or following <> (select count(*) from follower where who_id = user_id)`,
  );
}
