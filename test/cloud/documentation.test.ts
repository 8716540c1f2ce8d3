import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { listCosts } from '../../src/cloud/costs/costs.ts';
import { HOURS_A_MONTH, PRICES } from '../../src/cloud/costs/prices.ts';
import { createCli } from '../../src/cloud/commands/cli.ts';
import { listParameters, renderTemplate } from '../../src/cloud/stack/template.ts';

const text = await readFile('docs/going-live.md', 'utf8');
const parameters = listParameters(await renderTemplate());
const NUMBERS = ['none', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const defaults = Object.fromEntries(parameters.map((it) => [it.name, it.default ?? '']));

/** Returns the cells of the tables under a heading, without backticks and asterisks. */
function readRows(heading: string): string[][] {
  const [, section = ''] =
    new RegExp(`^## ${heading}\n([^]*?)(?=^## |$(?![^]))`, 'm').exec(text) ?? [];
  return Array.from(section.matchAll(/^\| (.*) \|$/gm), ([, cells = '']) =>
    cells.split(/ *\| */).map((cell) => cell.replace(/[`*]/g, '').trim()),
  );
}

/** Returns the monthly costs of a stack with the defaults and these parameters. */
function monthly(changes: Record<string, string> = {}): number {
  const costs = listCosts({ ...defaults, ...changes });
  return costs.reduce((sum, { hourly }) => sum + (hourly ?? NaN), 0) * HOURS_A_MONTH;
}

test('the documentation has every parameter of the template, with its default', () => {
  const rows = readRows('Parameters');
  const described = new Map(
    rows.flatMap(([names = '', preset = '']) => names.split(', ').map((name) => [name, preset])),
  );
  for (const { name, default: preset } of parameters) {
    // A parameter without a default in the template has one that the command finds.
    const isFound = preset === null || name === 'WarehouseZone';
    const [first = ''] = described.get(name)?.split(', then ') ?? [];
    expect(isFound ? first.split(' ')[0] : first, name).toBe(isFound ? 'the' : preset || 'none');
  }
  expect([...described.keys()].filter((name) => !/^Name$|^:?-/.test(name)).toSorted()).toEqual(
    parameters.map(({ name }) => name).toSorted(),
  );
});

test('the documented costs of the default stack are those of the commands', () => {
  const [, , ...rows] = readRows('Cost');
  const costs = listCosts(defaults);
  const shown = rows.slice(0, costs.length).map(([, hour, month]) => [hour, month]);
  expect(shown).toEqual(
    costs.map(({ hourly }) => [
      `$${hourly?.toFixed(4)}`,
      `$${((hourly ?? NaN) * HOURS_A_MONTH).toFixed(2)}`,
    ]),
  );
  expect(rows[costs.length]?.slice(1)).toEqual([
    `$${(monthly() / HOURS_A_MONTH).toFixed(4)}`,
    `$${monthly().toFixed(2)}`,
  ]);
  expect(text).toContain(`about $${Math.round(monthly())} a month`);
});

test.each([
  ['InstanceType=t3.small', { InstanceType: 't3.small' }],
  ['InstanceType=t4g.micro (ARM)', { InstanceType: 't4g.micro' }],
  ['DatabaseClass=db.t3.micro', { DatabaseClass: 'db.t3.micro' }],
  ['DatabaseClass=db.t4g.small', { DatabaseClass: 'db.t4g.small' }],
  ['DatabaseMultiAz=yes', { DatabaseMultiAz: 'yes' }],
  ['WarehouseVolumeGib=50', { WarehouseVolumeGib: '50' }],
])('the documented costs of %s are those of the commands', (choice, changes) => {
  const difference = monthly(changes) - monthly();
  const sign = difference < 0 ? '−' : '+';
  const row = readRows('Cost').find(([about]) => about === choice);
  expect(row?.[1]).toMatch(`${sign}$${Math.abs(difference).toFixed(2)}`);
});

test('the documented prices are those of the source', () => {
  const rows = new Map(readRows('Cost').map(([about, what]) => [about, what]));
  const each = monthly({ InstanceCount: '3' }) - monthly();
  expect(rows.get('InstanceCount, each instance')).toContain(`$${each.toFixed(2)}`);
  expect(rows.get('DatabaseStorageGib, each GiB')).toContain(`$${PRICES.databaseGbMonth}`);
  expect(rows.get('BackupDays')).toContain(`$${PRICES.databaseSnapshotGbMonth}`);
  expect(rows.get('traffic')).toContain(`$${PRICES.balancerUnitHour}`);
  expect(rows.get('images')).toContain(`$${PRICES.snapshotGbMonth}`);
});

const { commands } = createCli({
  open: () => {
    throw new Error('This test runs no command.');
  },
  prompt: async () => '',
});

test('the documentation has exactly the existing commands', () => {
  expect(commands.length).toBeGreaterThan(6);
  // After the table's head come the commands, then the options of several commands.
  const described = readRows('Commands')
    .slice(2)
    .map(([name = '']) => name.split(' ')[0])
    .filter((name) => !name?.startsWith('--'));
  expect(new Set(described)).toEqual(new Set(commands.map((it) => it.name())));
});

test('the documentation has exactly the existing options', () => {
  const options = commands.flatMap((it) => it.options.map(({ long }) => long));
  expect(new Set(options).size).toBeGreaterThan(4);
  const table = readRows('Commands').flat().join(' ');
  const described = table.match(/(?<![-\w])--[a-z][a-z-]*/g) ?? [];
  expect(new Set(described)).toEqual(new Set(options));
});

test('the command refuses exactly the names of stacks that are documented as invalid', () => {
  const [, longest] = /letters, digits and hyphens, (\d+) characters at most/.exec(text) ?? [];
  const long = 'a'.repeat(Number(longest));
  const options = commands.flatMap((it) => it.options).filter((it) => it.long === '--stack');
  expect(options.length).toBeGreaterThan(5);
  for (const { parseArg } of options) {
    for (const name of ['bad name!', '1st', `${long}a`]) {
      expect(() => parseArg?.(name, undefined), name).toThrow(`${longest} characters at most`);
    }
    expect(parseArg?.(long, undefined)).toBe(long);
  }
});

test('the command retains the documented number of images', async () => {
  const prune = await readFile('src/cloud/image/prune.ts', 'utf8');
  const [, retained] = /^const RETAINED_IMAGES = (\d+);$/m.exec(prune) ?? [];
  expect(text).toContain(
    `deletes old images, but retains the newest ${NUMBERS[Number(retained)]} and all that are in use`,
  );
  expect(text).toContain(
    `which retains the newest ${NUMBERS[Number(retained)]} and all that are in use`,
  );
});

test('every document has the same number of alarms', async () => {
  const template = await renderTemplate();
  const count = (pattern: RegExp) => template.match(pattern)?.length ?? 0;
  const alarms = count(/Type: AWS::CloudWatch::Alarm$/gm);
  const metrics = count(/ MetricName: /g);
  const costs = listCosts(defaults).map(({ about }) => about);
  expect(costs).toContain(`${alarms} alarms on ${metrics} metrics`);
  const [title = ''] = readRows('Cost').find(([about]) => about?.includes('alarms')) ?? [];
  expect(title).toBe(`${NUMBERS[alarms]} alarms on ${NUMBERS[metrics]} metrics`);
  expect((await readFile('docs/stack.svg', 'utf8')).toLowerCase()).toContain(title);
});

test('the template has every resource that a table names', async () => {
  const template = await renderTemplate();
  const names = text.match(/(?<=`)[A-Z][a-z]+[A-Z]\w+(?=`)/g) ?? [];
  expect(names.length).toBeGreaterThan(30);
  for (const name of new Set(names))
    expect(template, name).toMatch(new RegExp(`^  ${name}:$`, 'm'));
});
