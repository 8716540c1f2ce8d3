import { expect, test } from 'vitest';
import { listKeyFigures } from '../../../src/warehouse/report/key-figures.ts';
import { pastRunOf, reportOf, statisticOf } from './sample-report.ts';

function changesOf(people: number, ...past: [asOf: string, people: number][]) {
  const history = past.map(([asOf, earlier]) => pastRunOf(asOf, { people: earlier }));
  const last = history.at(-1);
  const before = last ? { run: last.run, asOf: last.asOf, totals: last.figures } : null;
  const totals = statisticOf('totals', ['people'], [[people]]);
  return listKeyFigures({ ...reportOf([totals], before), history })[0]?.changes;
}

test('a figure is compared with the previous run, and with the newest one that is four weeks old', () => {
  // Five weekly runs, of which the first is two minutes less than four weeks old.
  const changes = changesOf(
    1100,
    ['2026-10-19T00:15:00.000Z', 800],
    ['2026-10-26T00:17:00.000Z', 1000],
    ['2026-11-02T00:15:00.000Z', 1030],
    ['2026-11-16T00:15:00.000Z', 1090],
  );
  expect(changes).toEqual([
    { difference: 10, growth: '+0.9\u00a0%', since: '2026-11-16T00:15:00.000Z' },
    { difference: 100, growth: '+10.0\u00a0%', since: '2026-10-26T00:17:00.000Z' },
  ]);
});

test('a figure is compared once if the previous run is a month old, and never on the first run', () => {
  expect(changesOf(5, ['2026-08-01T00:00:00.000Z', 3], ['2026-10-01T00:00:00.000Z', 4])).toEqual([
    { difference: 1, growth: '+25.0\u00a0%', since: '2026-10-01T00:00:00.000Z' },
  ]);
  expect(changesOf(5)).toEqual([]);
});

test('growth from zero is a difference without a percentage', () => {
  const since = '2026-11-16T00:15:00.000Z';
  expect(changesOf(12, [since, 0])).toEqual([{ difference: 12, growth: null, since }]);
  expect(changesOf(0, [since, 0])).toEqual([{ difference: 0, growth: null, since }]);
});
