import type { Statistic, Value } from '../statistics/statistics.ts';
import { findStatistic } from './report.ts';

/** What a report shows of a statistic, in a box. */
export interface Card {
  /** The statistic's, where its CSV is. */
  name: string;
  /** This card's own. */
  id: string;
  title: string;
  meaning: string;
  /** One more sentence; null for none. */
  note: string | null;
  content: Content;
}

/** Charts of which one is to be seen at a time, shares of a whole, authors, or nothing yet. */
export type Content =
  | { kind: 'charts'; views: View[]; shown: number }
  | { kind: 'shares'; shares: Share[] }
  | { kind: 'authors'; authors: Author[] }
  | { kind: 'nothing' };

/** A chart, with its numbers for those who do not see it. */
export interface View {
  /** How it differs from the card's others: `by week`. */
  label: string;
  /** What its lines are, in their order; empty when there is one. */
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

/** Somebody whom more people follow than before. */
export interface Author {
  username: string;
  followers: number;
  gained: number;
}

/** What a card shows beside the words of its statistic. */
export interface CardOptions {
  id?: string;
  title?: string;
  meaning?: string;
  note?: string | null;
  content: Content;
}

/** Puts a statistic's words on a card. */
export function createCard(statistic: Statistic, parts: CardOptions): Card {
  const { name, title, meaning } = statistic;
  return { name, id: name, title, meaning, note: null, ...parts };
}

/** Charts, the first of which is to be seen unless another is said; without any, nothing yet. */
export function chartContent(views: View[], shown = 0): Content {
  return views.length > 0 ? { kind: 'charts', views, shown } : { kind: 'nothing' };
}

/** The rows of a statistic by their columns' names; the caller says their shape. */
export function readRecords<Shape extends Record<string, Value>>(
  statistics: Statistic[],
  name: string,
): Shape[] {
  const { columns, rows } = findStatistic(statistics, name);
  return rows.map(
    (row) => Object.fromEntries(columns.map((column, at) => [column, row[at]])) as Shape,
  );
}
