import { expect, test } from 'vitest';
import { Client } from './client.ts';
import { startCluster } from './cluster.ts';
import { recordFigures } from './figures.ts';

test('each instance shows the changes of the other', async () => {
  const { instances } = await startCluster();
  const [one, other] = instances.map(({ url }) => new Client(url)) as [Client, Client];
  await one.register('alice');
  expect((await one.login('alice')).status).toBe(302);

  const alice = one.withUrl(instances[1].url);
  expect((await alice.post('/add_message', { text: 'posted at the other' })).status).toBe(302);
  const pages = await Promise.all([one.get('/'), alice.get('/'), other.get('/public')]);
  for (const { status, text } of pages) {
    expect(status).toBe(200);
    expect(text).toContain('posted at the other');
  }

  const posts = 50;
  for (let post = 0; post < posts; post++) {
    const text = `post ${post}`;
    const [writer, readers] = post % 2 ? [one, [alice, other]] : [alice, [one, other]];
    await writer.post('/add_message', { text });
    for (const reader of readers) expect((await reader.get('/public')).text).toContain(text);
  }
  await recordFigures('1. All instances show the same data', {
    posts,
    'pages with the new post': 2 * posts,
  });

  expect((await one.post('/logout')).status).toBe(302);
  expect((await alice.get('/')).headers.location).toBe('/public');
  expect((await alice.post('/add_message', { text: 'too late' })).status).toBe(401);
});
