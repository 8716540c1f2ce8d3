import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Environment } from '../src/config/environment.ts';
import { startCommand } from './support/programs.ts';

const CONFIG = `
import { PartsReporter } from '${resolve('test/support/parts-reporter.ts')}';
const parts = [
  { about: 'here', missing: null, projects: [] },
  { about: 'elsewhere', missing: 'there is no machine', projects: [] },
];
export default {
  test: { globals: true, reporters: [new PartsReporter(parts)], globalSetup: process.env.SETUP ?? [] },
};`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-reporter-'));
  await writeFile(join(folder, 'vitest.config.ts'), CONFIG);
  await writeFile(join(folder, 'setup.ts'), `throw new Error('It cannot be set up.');`);
  await writeFile(
    join(folder, 'some.test.ts'),
    `test('passes', () => undefined);
    test('fails if FAIL is set', () => expect(process.env.FAIL).toBeUndefined());
    test.skip('is skipped', () => undefined);
    if (process.env.HOOK) describe('a group', () => {
      beforeAll(() => expect.fail());
      test('does not run', () => undefined);
    });`,
  );
  return () => rm(folder, { recursive: true });
});

/** Runs vitest in the folder. Returns its exit status, and the lines that it prints on stdout. */
async function run(environment: Environment) {
  const vitest = [process.execPath, resolve('node_modules/vitest/vitest.mjs'), 'run'];
  const { ended, output } = startCommand(vitest, environment, { cwd: folder });
  const status = await ended;
  return { status, lines: output.stdout.trim().split('\n') };
}

test('prints the parts that cannot run at the start and at the end', async () => {
  const { status, lines } = await run({});
  const missing = 'Not tested: elsewhere, because there is no machine.';
  expect(lines.slice(0, 2)).toEqual(['Testing here.', missing]);
  expect(lines.slice(-2)).toEqual([missing, '2 passed, 0 failed, 1 skipped']);
  expect(status).toBe(0);
});

test.each<[what: string, environment: Environment, counts: string]>([
  ['a test', { FAIL: 'yes' }, '1 passed, 1 failed, 1 skipped'],
  ['the setup of a group', { HOOK: 'yes' }, '2 passed, 1 failed, 2 skipped'],
  ['a part that cannot run, if CI is set,', { CI: 'true' }, '2 passed, 1 failed, 1 skipped'],
  ['the global setup', { SETUP: 'setup.ts' }, '0 passed, 1 failed'],
])('a failure of %s is counted', async (_what, environment, counts) => {
  const { status, lines } = await run(environment);
  expect(lines.at(-1)).toBe(counts);
  expect(status).toBe(1);
});
