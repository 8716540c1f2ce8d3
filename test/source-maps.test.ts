import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { NODE_OPTIONS } from './support/production.ts';
import { startCommand } from './support/programs.ts';

test('stack traces of dist/ name TypeScript under the Node options of production', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit source maps '));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const tsc = [resolve('node_modules/.bin/tsc'), '--noCheck', '--outDir', join(folder, 'dist')];
  expect(await startCommand(tsc, {}, { cwd: resolve() }).ended).toBe(0);

  const compiled = pathToFileURL(join(folder, 'dist/web/presentation/static-files.js')).href;
  const script = `(await import('${compiled}')).readStaticFiles('/no/such/folder')`;
  const failing = startCommand([process.execPath, '--input-type=module', '--eval', script], {
    NODE_OPTIONS,
  });
  expect(await failing.ended).toBe(1);
  expect(failing.output.stderr).toMatch(/at .*src\/web\/presentation\/static-files\.ts:\d+:\d+/);
});
