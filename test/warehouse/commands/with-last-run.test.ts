import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { withLastRun } from '../../../src/warehouse/commands/with-last-run.ts';
import { reportFolder } from '../../../src/warehouse/report/folders.ts';
import { writeReport } from '../../../src/warehouse/report/write.ts';
import { stubEnvironment } from '../../support/ec2-client.ts';
import { reportOf } from '../report/sample-report.ts';

let folder: string;
let lines: string[];

const print = (line: string) => void lines.push(line);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-last-run-'));
  lines = [];
  return () => rm(folder, { recursive: true });
});

/** Runs the test without any setting of AWS. */
function removeAwsSettings(): void {
  const files = { AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere' };
  stubEnvironment({
    AWS_REGION: undefined,
    AWS_DEFAULT_REGION: undefined,
    AWS_PROFILE: undefined,
    ...files,
  });
}

async function printLastRun(environment: Record<string, string> = {}): Promise<string[]> {
  await withLastRun(environment, { folder, print }, async () => print('AWS'));
  return lines;
}

async function addRun(): Promise<void> {
  await writeReport(reportFolder(folder, '20261123T001500Z-0a1b'), reportOf([]));
}

test('without settings of AWS, the last run of this machine is printed, and AWS is not asked', async () => {
  removeAwsSettings();
  await addRun();
  expect(await printLastRun()).toEqual([
    'The last run on this machine: second, as of 2026-11-23 00:15 UTC, with these rows: 1,234 in user.',
    expect.stringMatching(/^Its report: file:.*\/runs\/20261123T001500Z-0a1b\/report\.html$/),
    expect.stringMatching(new RegExp(`^${folder} has [\\d.]+ kB\\.$`)),
    expect.stringMatching(/^A run with --local takes no snapshot/),
  ]);
});

test('with a region of AWS, both are printed', async () => {
  removeAwsSettings();
  stubEnvironment({ AWS_REGION: 'us-east-1' });
  await addRun();
  expect((await printLastRun()).at(-1)).toBe('AWS');
  expect(lines).toHaveLength(4);
});

test('a setting of the warehouse is enough to ask AWS, so a missing region is reported', async () => {
  removeAwsSettings();
  expect(await printLastRun({ WAREHOUSE_VOLUME_ID: 'vol-0123456789abcdef0' })).toEqual(['AWS']);
});

test('the folder of own statistics is no setting of AWS', async () => {
  removeAwsSettings();
  await addRun();
  const printed = await printLastRun({ WAREHOUSE_STATISTICS: '/statistics' });
  expect(printed.at(-1)).toMatch(/^A run with --local takes no snapshot/);
});

test('before the first run and without settings of AWS, the message has the command of a first run', async () => {
  removeAwsSettings();
  expect(await printLastRun()).toEqual([
    expect.stringMatching(
      /^There was no run on this machine yet\. .*run --local\. docs\/warehouse\.md/,
    ),
  ]);
});
