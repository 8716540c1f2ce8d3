import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createVisitor } from './support/minitwit.ts';
import { expectCleanStop, useCheckout } from './support/checkout.ts';
import { waitFor } from './support/wait-for.ts';

const checkout = useCheckout();

/** Returns the public timeline, or null while the server does not listen. */
async function readPage(): Promise<string | null> {
  const response = await fetch(`${checkout.url}/public`).catch(() => null);
  return response && response.text();
}

async function replaceIn(name: string, from: string, to: string): Promise<void> {
  const path = join(checkout.home, name);
  const text = await readFile(path, 'utf8');
  expect(text).toContain(from);
  await writeFile(path, text.replace(from, to));
}

const readDatabasePid = () =>
  readFile(join(checkout.home, '.data/mariadb/data/mariadb.pid'), 'utf8');

test('serves a changed template, static file and module, without a restart of the database', async () => {
  const dev = await checkout.startAndWait('--watch');
  const pid = await readDatabasePid();
  const alice = createVisitor(checkout.url);
  await alice.register('alice', 'pw');
  await alice.login('alice', 'pw');
  await alice.addMessage('hello');
  const style = /\/static\/style\.[0-9a-f]+\.css/.exec((await readPage()) ?? '')?.[0] ?? '';

  await replaceIn('views/layout.html', 'An Express Application', 'An Application of Express');
  await waitFor(
    'the new template',
    async () => !!(await readPage())?.includes('Application of Exp'),
  );
  await writeFile(join(checkout.home, 'static/style.css'), 'body { color: red }');
  await waitFor('the new style', async () => (await readPage())?.includes(style) === false);
  await replaceIn('src/web/presentation/times.ts', ')} @ $', ')} at $');
  await waitFor('the new code', async () => / at \d\d:\d\d/.test((await readPage()) ?? ''));
  expect(await readDatabasePid()).toBe(pid);
  await expectCleanStop(dev);
});

test('a syntax error is printed, and the server starts again once it is corrected', async () => {
  const dev = await checkout.startAndWait('--watch');
  await replaceIn('src/web/app.ts', 'export function createApp', 'export funktion createApp');
  await dev.waitForOutput('The server has ended. It will restart after the next change.');
  expect(dev.output.stderr).toContain('SyntaxError');
  expect(await readPage()).toBeNull();
  await replaceIn('src/web/app.ts', 'export funktion createApp', 'export function createApp');
  await waitFor('the server answers', async () => (await readPage()) !== null);
  await expectCleanStop(dev);
});

test('stops while the server cannot start', async () => {
  await replaceIn('src/web/app.ts', 'export function createApp', 'export funktion createApp');
  const dev = checkout.start('--watch');
  await dev.waitForOutput('The server has ended.');
  await expectCleanStop(dev, 'SIGINT');
  await cp('src/web/app.ts', join(checkout.home, 'src/web/app.ts'));
});
