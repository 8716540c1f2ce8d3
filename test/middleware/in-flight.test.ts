import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, test } from 'vitest';
import { showError } from '../../src/middleware/errors.ts';
import { limitInFlight } from '../../src/middleware/in-flight.ts';
import { logRequests } from '../../src/middleware/request-log.ts';
import { readStaticFiles } from '../../src/presentation/static-files.ts';
import { useTemplates } from '../../src/presentation/templates.ts';
import { keepLog } from '../support/log.ts';
import { until } from '../support/until.ts';

test('more requests than can be worked on are refused, until others are done', async () => {
  const open: (() => void)[] = [];
  const app = express();
  useTemplates(app, { gravatar: false }, readStaticFiles('static'));
  app.use(logRequests(keepLog().logger));
  app.use(limitInFlight(2));
  app.use((_req, res) => {
    open.push(() => res.send('done'));
  });
  app.use(showError);
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  const [first, leaver] = [fetch(url), new AbortController()];
  fetch(url, leaver).catch(() => undefined);
  await until('two are at work', () => open.length === 2);
  const refused = await fetch(url);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(await refused.text()).toContain('Too many people are here at this moment.');

  open[0]?.();
  expect(await (await first).text()).toBe('done');
  leaver.abort();
  const third = fetch(url);
  await until('a third is', () => open.length === 3);
  open[2]?.();
  expect((await third).status).toBe(200);
  server.close();
});
