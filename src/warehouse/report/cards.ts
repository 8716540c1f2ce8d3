import type { Statistic, Value } from '../statistics/statistics.ts';
import { findStatistic } from './report.ts';

/** A box of the report with a statistic. */
export interface Card {
  /** The name of the statistic, and of its CSV. */
  name: string;
  /** The title of the card. */
  id: string;
  title: string;
  meaning: string;
  /** A further sentence, or null. */
  note: string | null;
  content: Content;
}

/**
 * The content of a card: charts, of which one is visible at a time, shares of a whole, authors, a table, the error of a
 * statistic that failed, or none yet.
 */
export type Content =
  | { kind: 'charts'; views: View[]; shown: number }
  | { kind: 'shares'; shares: Share[] }
  | { kind: 'authors'; authors: Author[] }
  | { kind: 'table'; columns: string[]; rows: string[][] }
  | { kind: 'error'; message: string }
  | { kind: 'nothing' };

/** A chart, with its numbers for screen readers. */
export interface View {
  /** The difference from the card's other charts: `by week`. */
  label: string;
  /** The labels of the lines, in their order. Empty for a single line. */
  legend: string[];
  svg: string;
  columns: string[];
  rows: string[][];
}

/** A part of a whole. */
export interface Share {
  text: string;
  share: number;
}

/** An author with new followers. */
export interface Author {
  username: string;
  followers: number;
  gained: number;
}

/** The content of a card besides the texts of its statistic. */
export interface CardOptions {
  id?: string;
  title?: string;
  meaning?: string;
  note?: string | null;
  content: Content;
}

/** Creates a card with the texts of a statistic. */
export function createCard(statistic: Statistic, parts: CardOptions): Card {
  const { name, title, meaning } = statistic;
  return { name, id: name, title, meaning, note: null, ...parts };
}

/** Returns charts as content. The first one is visible by default. Without charts, the content is empty. */
export function chartContent(views: View[], shown = 0): Content {
  return views.length > 0 ? { kind: 'charts', views, shown } : { kind: 'nothing' };
}

/** Returns the rows of a statistic as objects with the columns' names. The caller names their type. */
export function readRecords<Shape extends Record<string, Value>>(
  statistics: Statistic[],
  name: string,
): Shape[] {
  const { columns, rows } = findStatistic(statistics, name);
  return rows.map(
    (row) => Object.fromEntries(columns.map((column, at) => [column, row[at]])) as Shape,
  );
}
