import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitForChange } from '../../src/dev/watch.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit watch '));
  await mkdir(join(folder, 'src/web/routes'), { recursive: true });
  await mkdir(join(folder, 'views'));
  await writeFile(join(folder, 'src/web/app.ts'), '1');
});

afterEach(() => rm(folder, { recursive: true }));

const inFolder = (name: string) => join(folder, name);
const watch = () => waitForChange([inFolder('src'), inFolder('views')]);

/** Replaces a file as many editors do: they write a new file and rename it. */
async function replace(name: string): Promise<void> {
  await writeFile(inFolder('new'), '2');
  await rename(inFolder('new'), inFolder(name));
}

test.each<[what: string, name: string, change: () => Promise<unknown>]>([
  ['a file that is written', 'src/web/app.ts', () => writeFile(inFolder('src/web/app.ts'), '2')],
  ['a file that is replaced', 'src/web/app.ts', () => replace('src/web/app.ts')],
  ['a file that is deleted', 'src/web/app.ts', () => rm(inFolder('src/web/app.ts'))],
  [
    'a new file in a subfolder',
    'src/web/routes/a.ts',
    () => writeFile(inFolder('src/web/routes/a.ts'), ''),
  ],
  ['a new folder', 'views/parts', () => mkdir(inFolder('views/parts'))],
])('reports %s, each time', async (_what, name, change) => {
  for (let time = 0; time < 3; time++) {
    const changed = watch();
    await change();
    expect(await changed).toBe(inFolder(name));
    await rm(inFolder('views/parts'), { recursive: true, force: true });
    await writeFile(inFolder('src/web/app.ts'), '1');
  }
});

test('reports a burst of changes once', async () => {
  const changed = watch();
  // Synchronously, so that the watcher cannot report before the burst is over.
  for (const text of 'abc') writeFileSync(inFolder('src/web/app.ts'), text);
  writeFileSync(inFolder('views/a.html'), '');
  expect(await changed).toBe(inFolder('views/a.html'));
});

test('ignores the swap and backup files of editors', async () => {
  const changed = watch();
  await writeFile(inFolder('src/web/app.ts'), '2');
  for (const name of ['.app.ts.swp', '#app.ts#', 'app.ts~']) {
    await writeFile(inFolder(`src/${name}`), '');
  }
  expect(await changed).toBe(inFolder('src/web/app.ts'));
});
