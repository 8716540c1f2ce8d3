import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { showReport } from '../../../src/warehouse/commands/show-report.ts';
import { waitFor } from '../../support/wait-for.ts';

let folder: string;
let lines: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-reports-'));
  lines = [];
  return () => rm(folder, { recursive: true });
});
afterEach(() => void vi.unstubAllEnvs());

const show = (open: boolean) => showReport(folder, { open, print: (line) => lines.push(line) });

/** Writes a run's report, and returns its path. */
async function addReport(run: string): Promise<string> {
  const path = join(folder, 'runs', run, 'report.html');
  await mkdir(join(folder, 'runs', run), { recursive: true });
  await writeFile(path, 'a report');
  return path;
}

test('showReport fails before the first run', async () => {
  await expect(show(false)).rejects.toThrow(/^There is no report yet\. .*npm run warehouse -- run/);
});

test('showReport prints the URL of the last report, and opens the report on request', async () => {
  await addReport('20261122T001500Z-0001');
  const path = await addReport('20261123T001500Z-0002');
  await mkdir(join(folder, 'runs/20261124T001500Z-0003'));
  for (const opener of ['open', 'xdg-open']) {
    await writeFile(join(folder, opener), `#!/bin/sh\necho "$1" > '${folder}/opened'`, {
      mode: 0o755,
    });
  }
  vi.stubEnv('PATH', folder);
  await show(true);
  expect(lines).toEqual([pathToFileURL(path).href]);
  const opened = () => readFile(join(folder, 'opened'), 'utf8').catch(() => '');
  await waitFor('the report is opened', async () => (await opened()) === `${path}\n`);
});

test('showReport fails when no program opens the report', async () => {
  await addReport('20261123T001500Z-0002');
  vi.stubEnv('PATH', folder);
  await expect(show(true)).rejects.toThrow(/^Cannot start (xdg-)?open\. /);
});
