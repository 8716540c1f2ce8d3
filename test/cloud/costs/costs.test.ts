import { expect, test } from 'vitest';
import { formatCosts, listCosts, formatMonthlyCost } from '../../../src/cloud/costs/costs.ts';

const parameters = {
  InstanceTypes: 't3.micro',
  InstanceCount: '2',
  Market: 'spot',
  DatabaseClass: 'db.t4g.micro',
  DatabaseStorageGib: '20',
  DatabaseStorageMaxGib: '0',
  DatabaseMultiAz: 'no',
  WarehouseVolumeGib: '0',
};

function hourly(changes: Record<string, string>): number {
  const costs = listCosts({ ...parameters, ...changes });
  return costs.reduce((sum, cost) => sum + (cost.hourly ?? 0), 0);
}

test('formatCosts ends with the total of all costs', () => {
  const lines = formatCosts(listCosts(parameters));
  const rows = lines.slice(1, -2).map((line) => Number(/\$(\S+) +\$/.exec(line)?.[1]));
  const [, sum] = /total +\$(\S+)/.exec(lines.at(-2) ?? '') ?? [];
  expect(rows.length).toBeGreaterThan(6);
  expect(Number(sum)).toBeCloseTo(
    rows.reduce((total, row) => total + row, 0),
    3,
  );
});

test('listCosts adds the costs of instances, zones, read replicas, and the warehouse’s volume', () => {
  const plain = hourly({});
  expect(hourly({ InstanceCount: '3' })).toBeGreaterThan(plain + 0.0104);
  expect(hourly({ DatabaseMultiAz: 'yes' })).toBeCloseTo(plain + 0.016 + (20 * 0.115) / 730, 6);
  expect(hourly({ DatabaseStorageMaxGib: '30' })).toBeCloseTo(plain + (10 * 0.115) / 730, 6);
  expect(hourly({ WarehouseVolumeGib: '50' })).toBeCloseTo(plain + (50 * 0.08) / 730, 6);
  // A replica has the class of the database, storage of the same size, and a metric of the alarm on its lag.
  const replicas = hourly({ ReadReplicas: '3', DatabaseMultiAz: 'yes' });
  expect(replicas - hourly({ DatabaseMultiAz: 'yes' })).toBeCloseTo(
    3 * (0.016 + (20 * 0.115 + 0.1) / 730),
    6,
  );
  const scheduled = { WarehouseVolumeGib: '50', WarehouseSchedule: 'rate(1 day)' };
  expect(hourly(scheduled)).toBeCloseTo(plain + (50 * 0.08 + 0.4) / 730, 6);
});

test('formatCosts shows an unknown price as unknown, and a total without it', () => {
  const lines = formatCosts(listCosts({ ...parameters, InstanceTypes: 'x9.large' }));
  expect(lines.find((line) => line.startsWith('1 x9.large'))).toMatch(/unknown$/);
  expect(lines.at(-2)).toMatch(/^total without unknown prices/);
});

test('formatMonthlyCost returns an unknown, a small and another cost', () => {
  expect([null, 0, 1.9].map(formatMonthlyCost)).toEqual([
    'price unknown',
    'less than $0.01 a month',
    'at most $1.90 a month',
  ]);
});

test('listCosts counts one instance on demand, the others on spot, and the most expensive of their types', () => {
  const types = { InstanceTypes: 't3.micro,t2.micro' };
  const rows = (changes: Record<string, string>) =>
    listCosts({ ...parameters, ...types, ...changes })
      .filter(({ about }) => about.includes('t2.micro'))
      .map(({ about, hourly: price }) => [about, price]);
  expect(rows({ InstanceCount: '3' })).toEqual([
    ['1 t3.micro or t2.micro, on demand: at most', 0.0116],
    ['2 t3.micro or t2.micro, spot: at most', 0.0232],
  ]);
  expect(rows({ InstanceCount: '1' })).toEqual([
    ['1 t3.micro or t2.micro, on demand: at most', 0.0116],
  ]);
  expect(rows({ Market: 'on-demand' })).toEqual([
    ['2 t3.micro or t2.micro, on demand: at most', 0.0232],
  ]);
});

test('listCosts has the instances that run only under load, with their disks, addresses and alarms', () => {
  expect(hourly({ InstanceMaxCount: '0' })).toBe(hourly({}));
  expect(hourly({ InstanceMaxCount: '2' })).toBe(hourly({}));
  // Two more instances cost the same, whether they always run or not.
  expect(hourly({ InstanceMaxCount: '4' })).toBeCloseTo(
    hourly({ InstanceCount: '4' }) + (4 * 0.1) / 730,
    6,
  );
  const abouts = listCosts({ ...parameters, InstanceMaxCount: '4' }).map(({ about }) => about);
  expect(abouts).toContain('2 more under load, with disks and addresses: at most');
  expect(abouts).toContain('4 alarms of the scaling policies');
});
