import { expect, test } from 'vitest';
import { listCosts } from '../../../src/cloud/costs/costs.ts';
import {
  formatBilled,
  monthlyBalancerCost,
  monthlyDatabaseCost,
  monthlyInstanceCost,
  monthlyVolumeCost,
} from '../../../src/cloud/costs/priced-resource.ts';
import { HOURS_A_MONTH } from '../../../src/aws/prices.ts';

const COSTS = listCosts({
  InstanceTypes: 't3.micro',
  InstanceCount: '1',
  DatabaseClass: 'db.t4g.micro',
  DatabaseStorageGib: '20',
  DatabaseMultiAz: 'yes',
});

/** Returns the dollars per month of the costs of a stack whose descriptions match a pattern. */
function costOf(pattern: RegExp): number {
  const matching = COSTS.filter(({ about }) => pattern.test(about));
  return matching.reduce((sum, { hourly }) => sum + (hourly ?? 0), 0) * HOURS_A_MONTH;
}

test('formatBilled returns the resources that cost, with their cost, or null', () => {
  const free = { about: 'the role R', monthly: 0 };
  const volume = { about: 'the volume V', monthly: 1.6 };
  const unknown = { about: 'the database D', monthly: null };
  expect(formatBilled([free, volume, unknown])).toBe(
    'the volume V (at most $1.60 a month), the database D (price unknown)',
  );
  expect(formatBilled([free])).toBeNull();
});

test('the cost of a remaining resource is that of the same resource in a stack', () => {
  const database = { class: 'db.t4g.micro', sizeGib: 20, isMultiAz: true };
  expect(monthlyDatabaseCost(database)).toBeCloseTo(costOf(/^database/), 6);
  const together = (monthlyInstanceCost('t3.micro') ?? 0) + monthlyBalancerCost();
  expect(together).toBeCloseTo(costOf(/t3\.micro|disk|load balancer|addresses/), 6);
  expect(monthlyVolumeCost({ type: 'gp3', sizeGib: 20 })).toBeCloseTo(1.6, 6);
});

test('a resource of an unknown type has an unknown cost', () => {
  expect(monthlyInstanceCost('x9.large')).toBeNull();
  expect(monthlyVolumeCost({ type: 'io9', sizeGib: 20 })).toBeNull();
  expect(monthlyDatabaseCost({ class: 'db.x9.large', sizeGib: 20, isMultiAz: false })).toBeNull();
});
