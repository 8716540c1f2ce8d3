import type { Statistic } from '../statistics/statistics.ts';
import { type Card, type Content, createCard, readRecords, type Share } from './cards.ts';
import { formatNumber, formatTime } from './formats.ts';
import { findStatistic, type Report } from './report.ts';
import { histogramView } from './histogram-view.ts';

const powersOfTwo = (from: number) => (from === 0 ? 1 : from * 2);

/** Creates the cards about the distribution of followers and of messages. */
export function createShareCards({ statistics, before }: Report): Card[] {
  return [
    createCard(findStatistic(statistics, 'followers-each'), {
      content: histogramView(statistics, 'followers-each', {
        of: 'followers',
        column: 'users',
        title: 'users',
        next: powersOfTwo,
      }),
    }),
    createCard(findStatistic(statistics, 'posts-each'), {
      content: histogramView(statistics, 'posts-each', {
        of: 'messages',
        column: 'users',
        title: 'users',
        next: powersOfTwo,
      }),
    }),
    createCard(findStatistic(statistics, 'concentration'), {
      content: topShareContent(statistics),
    }),
    createCard(findStatistic(statistics, 'reciprocity'), {
      content: reciprocityContent(statistics),
    }),
    createCard(findStatistic(statistics, 'rising-authors'), {
      note: before
        ? `The previous run copied the database at ${formatTime(before.asOf)} UTC.`
        : 'No earlier run has other data, so these are all followers.',
      content: authorContent(statistics),
    }),
  ];
}

type Top = { counted: string; top_users: number; total: number; share: number | null };

function topShareContent(statistics: Statistic[]): Content {
  const words: Record<string, string> = { followers: 'follows lead to', posts: 'messages are by' };
  const rows = readRecords<Top>(statistics, 'concentration');
  return shareContent(
    rows.flatMap(({ counted, top_users: users, total, share }) => {
      const top = users === 1 ? '1 user' : `${formatNumber(users)} users`;
      const text = `of ${formatNumber(total)} ${words[counted] ?? counted} ${top}`;
      return share === null ? [] : [{ text, share }];
    }),
  );
}

type Returned = { follows: number; returned: number; share: number | null };

function reciprocityContent(statistics: Statistic[]): Content {
  const rows = readRecords<Returned>(statistics, 'reciprocity');
  return shareContent(
    rows.flatMap(({ follows, returned, share }) => {
      const text = `are returned: ${formatNumber(returned)} of ${formatNumber(follows)}`;
      return share === null ? [] : [{ text, share }];
    }),
  );
}

function shareContent(found: Share[]): Content {
  return found.length > 0 ? { kind: 'shares', shares: found } : { kind: 'nothing' };
}

type Rising = { username: string; followers: number; gained: number };

function authorContent(statistics: Statistic[]): Content {
  const authors = readRecords<Rising>(statistics, 'rising-authors');
  return authors.length > 0 ? { kind: 'authors', authors } : { kind: 'nothing' };
}
