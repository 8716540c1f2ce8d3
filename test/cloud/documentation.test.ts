import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { HOURS_A_MONTH } from '../../src/aws/prices.ts';
import { listCosts } from '../../src/cloud/costs/costs.ts';
import { DISK_GIB } from '../../src/cloud/costs/instance-costs.ts';
import { PRICES } from '../../src/cloud/costs/prices.ts';
import { createCli } from '../../src/cloud/commands/cli.ts';
import { listDefaultTypes } from '../../src/cloud/stack/instance-types.ts';
import { listParameters, renderTemplate } from '../../src/cloud/stack/template.ts';
import { parseTemplate } from './stack/parse-template.ts';

const goingLive = await readFile('docs/going-live.md', 'utf8');
const operation = await readFile('docs/operation.md', 'utf8');
const parametersDocument = await readFile('docs/parameters.md', 'utf8');
const lab = await readFile('docs/lab.md', 'utf8');
const parameters = listParameters(await renderTemplate());
// These are empty in the template, and the command finds a default.
const FOUND = new Set(['PermissionsBoundary', 'WarehouseZone']);
const NUMBERS =
  'none one two three four five six seven eight nine ten eleven twelve thirteen'.split(' ');
const defaults = {
  ...Object.fromEntries(parameters.map((it) => [it.name, it.default ?? ''])),
  InstanceTypes: listDefaultTypes('x86_64').join(','),
};

/** Returns the text under a heading. */
function readSection(document: string, heading: string): string {
  const [, section = ''] =
    new RegExp(`^## ${heading}\n([^]*?)(?=^## |$(?![^]))`, 'm').exec(document) ?? [];
  return section;
}

/** Returns the items of the lists in a section, each on one line, without backticks and asterisks. */
function readItems(section: string): string[] {
  return Array.from(section.matchAll(/^- (.*(?:\n {2}.*)*)/gm), ([, item = '']) =>
    item.replaceAll(/\s+/g, ' ').replaceAll(/[`*]/g, ''),
  );
}

const costItems = readItems(readSection(parametersDocument, 'Cost'));

/** Returns the text after the colon of the cost of a choice. */
function findCost(choice: string): string | undefined {
  return costItems.find((item) => item.startsWith(`${choice}: `))?.slice(choice.length + 2);
}

/** Returns the monthly costs of a stack with the defaults and these parameters. */
function monthly(changes: Record<string, string> = {}): number {
  const costs = listCosts({ ...defaults, ...changes });
  return costs.reduce((sum, { hourly }) => sum + (hourly ?? NaN), 0) * HOURS_A_MONTH;
}

function formatRate(hourly: number): string {
  return `$${hourly.toFixed(4)} an hour, $${(hourly * HOURS_A_MONTH).toFixed(2)} a month`;
}

test('the documentation has every parameter of the template, with its default', () => {
  const described = readItems(readSection(parametersDocument, 'Parameters')).map((item) => {
    const [, name = '', preset = ''] = /^(\w+) \((.*?)\): ./.exec(item) ?? [];
    return [name, preset.startsWith('the ') ? 'found' : preset.split(', then ')[0]];
  });
  const expected = parameters.map(({ name, default: preset }) => [
    name,
    // The command finds a default that the template does not have.
    preset === null || FOUND.has(name) ? 'found' : preset || 'none',
  ]);
  const byName = (a: unknown[], b: unknown[]) => String(a[0]).localeCompare(String(b[0]));
  expect(described.toSorted(byName)).toEqual(expected.toSorted(byName));
});

test('the documented costs of the default stack are those of the commands', () => {
  const costs = listCosts(defaults);
  const rates = costItems.map((item) => item.replace(/^[^:]*: /, ''));
  expect(rates.slice(0, costs.length)).toEqual(
    costs.map(({ hourly }) => formatRate(hourly ?? NaN)),
  );
  expect(costItems[costs.length]).toBe(`together: ${formatRate(monthly() / HOURS_A_MONTH)}`);
  expect(goingLive).toContain(`about $${Math.round(monthly())} a month`);
});

test.each([
  ['InstanceTypes=t3.small,t3a.small', { InstanceTypes: 't3.small,t3a.small' }],
  ['InstanceTypes=t3.micro', { InstanceTypes: 't3.micro' }],
  ['InstanceTypes=t4g.micro', { InstanceTypes: 't4g.micro' }],
  ['DatabaseClass=db.t3.micro', { DatabaseClass: 'db.t3.micro' }],
  ['DatabaseClass=db.t4g.small', { DatabaseClass: 'db.t4g.small' }],
  ['DatabaseMultiAz=yes', { DatabaseMultiAz: 'yes' }],
  ['ReadReplicas, each replica', { ReadReplicas: '1' }],
  ['WarehouseVolumeGib=50', { WarehouseVolumeGib: '50' }],
  ['Domain or CertificateArn', { Domain: 'blog.example.com' }],
  ['RequestsPerAddress', { RequestsPerAddress: '2000' }],
  ['AccessLogs=yes', { AccessLogs: 'yes' }],
])('the documented costs of %s are those of the commands', (choice, changes) => {
  const difference = monthly(changes) - monthly();
  const sign = difference < 0 ? '−' : '+';
  expect(findCost(choice)).toMatch(`${sign}$${Math.abs(difference).toFixed(2)}`);
});

test('the documented prices are those of the source', () => {
  const each = monthly({ InstanceCount: '3' }) - monthly();
  expect(findCost('RequestsPerAddress')).toContain(
    `$${PRICES.firewallMillion.toFixed(2)} for each million`,
  );
  expect(findCost('AccessLogs=yes')).toContain(`$${PRICES.bucketGbMonth} for each GB`);
  expect(findCost('InstanceCount, each instance')).toContain(`$${each.toFixed(2)}`);
  const scaled = monthly({ InstanceMaxCount: '3' }) - monthly();
  expect(findCost('InstanceMaxCount=3')).toContain(`+$${scaled.toFixed(2)}`);
  expect(findCost('DatabaseStorageGib, each GiB')).toContain(`$${PRICES.databaseGbMonth}`);
  expect(findCost('BackupDays')).toContain(`$${PRICES.databaseSnapshotGbMonth}`);
  expect(findCost('traffic')).toContain(`$${PRICES.balancerUnitHour}`);
  expect(findCost('images')).toContain(`$${PRICES.snapshotGbMonth}`);
  const imageMonthly = DISK_GIB * PRICES.snapshotGbMonth;
  expect(goingLive).toContain(`at most $${imageMonthly.toFixed(2)} a month for each image`);
});

const { commands } = createCli({
  open: () => {
    throw new Error('This test runs no command.');
  },
  env: {},
  prompt: async () => '',
  enableVerbose: () => undefined,
});

test('the documentation has exactly the existing commands', () => {
  expect(commands.length).toBeGreaterThan(6);
  const section = readSection(operation, 'Commands');
  const described = Array.from(section.matchAll(/^- `([\w-]+)/gm), ([, name]) => name);
  expect(new Set(described)).toEqual(new Set(commands.map((it) => it.name())));
});

// `secrets rotate` is a command of a command.
const allCommands = commands.flatMap((it) => [it, ...it.commands]);

test('the documentation has exactly the existing options', () => {
  const options = allCommands.flatMap((it) => it.options.map(({ long }) => long));
  expect(new Set(options).size).toBeGreaterThan(4);
  const described = readSection(operation, 'Commands').match(/(?<![-\w])--[a-z][a-z-]*/g) ?? [];
  expect(new Set(described)).toEqual(new Set(options));
});

test('the command refuses exactly the names of stacks that are documented as invalid', () => {
  const [, longest] =
    /letters,\sdigits\sand\shyphens,\s(\d+)\scharacters\sat\smost/.exec(operation) ?? [];
  const long = 'a'.repeat(Number(longest));
  const options = allCommands.flatMap((it) => it.options).filter((it) => it.long === '--stack');
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
  const text = `retains the newest ${NUMBERS[Number(retained)]} and all that are in use`;
  for (const document of [operation, lab]) {
    expect(document.replaceAll(/\s+/g, ' ')).toContain(text);
  }
});

test('the documented number of alarms is that of the template', async () => {
  const { Resources } = parseTemplate(await renderTemplate());
  const alarms = Object.values(Resources).filter(
    ({ Type, Condition }) => Type === 'AWS::CloudWatch::Alarm' && Condition === undefined,
  );
  const metrics = JSON.stringify(alarms).match(/"MetricName":/g)?.length ?? 0;
  const costs = listCosts(defaults).map(({ about }) => about);
  expect(costs).toContain(`${alarms.length} alarms on ${metrics} metrics`);
  expect(costItems.filter((item) => item.includes('alarms on '))).toEqual([
    expect.stringMatching(`^${NUMBERS[alarms.length]} alarms on ${NUMBERS[metrics]} metrics: `),
  ]);
});

test('the template has every resource that the lab’s document names', async () => {
  const template = await renderTemplate();
  const names = lab.match(/(?<=`)[A-Z][a-z]+[A-Z]\w+(?=`)/g) ?? [];
  expect(names.length).toBeGreaterThan(15);
  for (const name of new Set(names))
    expect(template, name).toMatch(new RegExp(`^ ${name}: \\{`, 'm'));
});
