import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readCosts } from '../../bench/scaling/costs.ts';
import { DAY, planFor, sumMonthly } from '../../bench/scaling/plan.ts';
import { formatPlans } from '../../bench/scaling/plan-table.ts';

const costs = await readCosts();
const planForUsers = (users: number) => planFor({ ...DAY, users }, costs);

test('docs/scaling.md has the plans for the measured costs', async () => {
  const loads = [1e4, 1e6, 1e8].map((users) => ({ ...DAY, users }));
  const table = readCells(formatPlans(loads, costs));
  expect(table.length).toBeGreaterThan(10);
  expect(readCells(await readFile('docs/scaling.md', 'utf8'))).toEqual(
    expect.arrayContaining(table),
  );
});

test('a hundred times the users need more instances, and cost more than ten times as much', () => {
  const [small, large] = [planForUsers(1e6), planForUsers(1e8)];
  expect(large.instances).toBeGreaterThan(small.instances);
  expect(large.postsPerS).toBeCloseTo(100 * small.postsPerS);
  expect(sumMonthly(large)).toBeGreaterThan(10 * sumMonthly(small));
});

test('replicas are planned if a writer of the largest class is not enough for all pages', () => {
  expect(planForUsers(1e8).replicas).toBeGreaterThan(0);
  expect(planForUsers(1e8).writerUse).toBeLessThanOrEqual(0.5);
});

test('no plan is made for more users than one writer can serve', () => {
  expect(() => planForUsers(1e10)).toThrow('10000000000 users need more memory or processor time');
});

/** Returns the cells of each row of the tables in a Markdown text. */
function readCells(markdown: string): string[][] {
  const rows = markdown.split('\n').filter((line) => /^\|.*[^-:| ].*\|$/.test(line));
  return rows.map((row) => row.split('|').map((cell) => cell.trim()));
}
