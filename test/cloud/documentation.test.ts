import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { listCosts } from '../../src/cloud/costs.ts';
import { HOURS_A_MONTH, PRICES } from '../../src/cloud/prices.ts';
import { listParameters, renderTemplate } from '../../src/cloud/template.ts';

const text = await readFile('docs/going-live.md', 'utf8');
const parameters = listParameters(await renderTemplate());
const defaults = Object.fromEntries(parameters.map((it) => [it.name, it.default ?? '']));

/** The cells of the tables under a heading, without backticks and asterisks. */
function readRows(heading: string): string[][] {
  const [, section = ''] =
    new RegExp(`^## ${heading}\n([^]*?)(?=^## |$(?![^]))`, 'm').exec(text) ?? [];
  return Array.from(section.matchAll(/^\| (.*) \|$/gm), ([, cells = '']) =>
    cells.split(/ *\| */).map((cell) => cell.replace(/[`*]/g, '').trim()),
  );
}

/** What a stack costs a month, with the defaults but for these. */
function monthly(changes: Record<string, string> = {}): number {
  const costs = listCosts({ ...defaults, ...changes });
  return costs.reduce((sum, { hourly }) => sum + (hourly ?? NaN), 0) * HOURS_A_MONTH;
}

test('every parameter of the template is described, with its default', () => {
  const rows = readRows('What may be chosen');
  const described = new Map(
    rows.flatMap(([names = '', preset = '']) => names.split(', ').map((name) => [name, preset])),
  );
  for (const { name, default: preset } of parameters) {
    // those of which the template knows no default have one that is found
    const words = preset === null || name === 'WarehouseZone' ? /^the / : preset || 'none';
    expect(described.get(name), name).toMatch(words);
  }
  expect([...described.keys()].filter((name) => !/^Name$|^:?-/.test(name)).toSorted()).toEqual(
    parameters.map(({ name }) => name).toSorted(),
  );
});

test('what the default stack costs is what the commands say', () => {
  const [, , ...rows] = readRows('What it costs');
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
])('what %s changes of that is what the commands say', (choice, changes) => {
  const difference = monthly(changes) - monthly();
  const sign = difference < 0 ? '−' : '+';
  const row = readRows('What it costs').find(([about]) => about === choice);
  expect(row?.[1]).toMatch(`${sign}$${Math.abs(difference).toFixed(2)}`);
});

test('single prices are those of the source', () => {
  const rows = new Map(readRows('What it costs').map(([about, what]) => [about, what]));
  const each = monthly({ InstanceCount: '3' }) - monthly();
  expect(rows.get('InstanceCount, each more or less')).toContain(`$${each.toFixed(2)}`);
  expect(rows.get('DatabaseStorageGib, each GiB')).toContain(`$${PRICES.databaseGbMonth}`);
  expect(rows.get('BackupDays')).toContain(`$${PRICES.databaseSnapshotGbMonth}`);
  expect(rows.get('people')).toContain(`$${PRICES.balancerUnitHour}`);
  expect(rows.get('images')).toContain(`$${PRICES.snapshotGbMonth}`);
});

test('every command is described', async () => {
  const main = await readFile('src/cloud/main.ts', 'utf8');
  const commands = Array.from(
    main.matchAll(/(?:commandOf\(program, |\.command\()'(\w+)'/g),
    ([, name]) => name,
  );
  expect(commands.length).toBeGreaterThan(6);
  const described = readRows('Commands').map(([name = '']) => name.split(' ')[0]);
  expect(described).toEqual(expect.arrayContaining(commands));
});

test('every resource that a table names is in the template', async () => {
  const template = await renderTemplate();
  const names = text.match(/(?<=`)[A-Z][a-z]+[A-Z]\w+(?=`)/g) ?? [];
  expect(names.length).toBeGreaterThan(30);
  for (const name of new Set(names))
    expect(template, name).toMatch(new RegExp(`^  ${name}:$`, 'm'));
});
