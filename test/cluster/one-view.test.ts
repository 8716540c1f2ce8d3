import { expect, test } from 'vitest';
import { Client } from './client.ts';
import { startCluster } from './cluster.ts';

test('all instances show the same, whichever did what', async () => {
  const { instances } = await startCluster();
  const [one, other] = instances.map(({ url }) => new Client(url)) as [Client, Client];
  await one.register('alice');
  expect((await one.login('alice')).status).toBe(302);

  const alice = one.at(instances[1].url);
  expect((await alice.post('/add_message', { text: 'posted at the other' })).status).toBe(302);
  const pages = await Promise.all([one.get('/'), alice.get('/'), other.get('/public')]);
  for (const { status, text } of pages) {
    expect(status).toBe(200);
    expect(text).toContain('posted at the other');
  }

  expect((await one.post('/logout')).status).toBe(302);
  expect((await alice.get('/')).headers.location).toBe('/public');
  expect((await alice.post('/add_message', { text: 'too late' })).status).toBe(401);
});
