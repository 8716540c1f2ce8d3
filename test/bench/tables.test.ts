import { expect, test } from 'vitest';
import type { DatabaseResults, SizeResults } from '../../bench/results.ts';
import { formatLoginLoads, formatProfiles } from '../../bench/tables.ts';

test('the profile of a page lists its largest sources, and idle time apart', () => {
  const parts = [
    { name: 'idle', us: 40 },
    { name: 'Node', us: 80 },
    { name: 'mysql2', us: 19 },
    { name: 'vary', us: 1 },
  ];
  const section = formatProfiles(results({ profiles: [{ page: 'Posting', parts }] }));
  expect(section).toContain('- **Posting** (100, idle 40): Node 80, mysql2 19');
  expect(section).not.toContain('vary');
});

test('reads meet the target if logins make their p99 less than three times as long', () => {
  const load = (p99Ms: number) => ({ requests: 1, bytes: 1, requestsPerS: 1, p50Ms: 1, p99Ms });
  const loginLoads = [2.9, 3].map((p99Ms) => ({
    readers: 32,
    isCompressed: false,
    withoutLogins: load(1),
    withLogins: load(p99Ms),
    logins: load(1),
  }));
  const section = formatLoginLoads(results({ loginLoads }));
  expect(section).toContain('| 32, not compressed | 1.0, then 1.0 | 1.0 | 2.9 | 2.90 x | met |');
  expect(section).toContain('| 3.0 | 3.00 x | **missed** |');
});

function results(some: Partial<SizeResults>): DatabaseResults {
  const all = { pages: [], queries: [], loginLoads: [], memory: null, profiles: null };
  return { kind: 'mysql', version: '9.7.4', sizes: [{ size: 'M', ...all, ...some }] };
}
