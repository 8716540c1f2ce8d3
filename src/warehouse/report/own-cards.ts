import type { Statistic, Value } from '../statistics/statistics.ts';
import { type Card, createCard } from './cards.ts';
import { formatNumber } from './formats.ts';

const ROWS_MAX = 100;
const COLUMNS_MAX = 30;
const TEXT_MAX = 200;

/**
 * Creates the cards of the operator's own statistics, which are those without a `known` name. The page cannot know
 * what they mean, so a card is a table of the first rows.
 */
export function createOwnCards(statistics: Statistic[], known: string[]): Card[] {
  return statistics
    .filter(({ name }) => !known.includes(name))
    .map((statistic) =>
      createCard(statistic, { id: `own-${statistic.name}`, ...tableOf(statistic) }),
    );
}

function tableOf({ columns, rows, error }: Statistic): Pick<Card, 'note' | 'content'> {
  if (error !== undefined) return { note: null, content: { kind: 'error', message: error } };
  if (rows.length === 0) return { note: null, content: { kind: 'nothing' } };
  const isWhole = rows.length <= ROWS_MAX && columns.length <= COLUMNS_MAX;
  return {
    note: isWhole ? null : formatLimits(columns.length, rows.length),
    content: {
      kind: 'table',
      columns: columns.slice(0, COLUMNS_MAX),
      rows: rows.slice(0, ROWS_MAX).map((row) => row.slice(0, COLUMNS_MAX).map(formatCell)),
    },
  };
}

function formatLimits(columns: number, rows: number): string {
  const limits = [
    { shown: ROWS_MAX, all: rows, unit: 'rows' },
    { shown: COLUMNS_MAX, all: columns, unit: 'columns' },
  ].filter(({ shown, all }) => all > shown);
  const shown = limits.map(
    ({ shown: first, all, unit }) => `${first} of ${formatNumber(all)} ${unit}`,
  );
  return `This table shows the first ${shown.join(' and ')}. The CSV has all of them.`;
}

function formatCell(value: Value): string {
  if (value === null) return '–';
  if (typeof value === 'number') return formatNumber(value);
  const characters = Array.from(value);
  if (characters.length <= TEXT_MAX) return value;
  return `${characters.slice(0, TEXT_MAX).join('')}…`;
}
