import type { Statistic } from '../statistics/statistics.ts';
import { type Card, chartContent, createCard, readRecords } from './cards.ts';
import { drawLines } from './chart.ts';
import { formatMonth, formatNumber, formatShare } from './formats.ts';
import { periodViews } from './period-views.ts';
import { histogramView } from './histogram-view.ts';
import { findStatistic } from './report.ts';

/** Creates the cards about messages. */
export function createMessageCards(statistics: Statistic[]): Card[] {
  const posts = findStatistic(statistics, 'posts');
  return [
    createCard(posts, {
      meaning: 'The number of messages.',
      content: periodViews(statistics, 'posts', { column: 'posts', title: 'messages' }),
    }),
    createCard(posts, {
      id: 'posts-per-active-user',
      title: 'Messages of each active user',
      meaning: 'The average number of messages of a user who posted.',
      content: periodViews(statistics, 'posts', {
        column: 'posts_per_active_user',
        title: 'messages of each user',
      }),
    }),
    createCard(findStatistic(statistics, 'lengths'), {
      content: histogramView(statistics, 'lengths', {
        of: 'characters',
        column: 'posts',
        title: 'messages',
        next: (from) => (from < 280 ? from + 20 : null),
      }),
    }),
    createLinksCard(statistics),
  ];
}

type MonthOfLinks = {
  month: string;
  posts: number;
  share_of_links: number | null;
  share_of_mentions: number | null;
};

function createLinksCard(statistics: Statistic[]): Card {
  const months = readRecords<MonthOfLinks>(statistics, 'links-and-mentions');
  const series = [
    { name: 'with a mention', values: months.map((month) => month.share_of_mentions) },
    { name: 'with a link', values: months.map((month) => month.share_of_links) },
  ];
  const labels = months.map(({ month }) => formatMonth(month));
  const view = {
    label: 'by month',
    legend: series.map(({ name }) => name),
    svg: drawLines(labels, series, { isShare: true }),
    columns: ['month', 'messages', ...series.map(({ name }) => name)],
    rows: months.map(({ posts, share_of_links: links, share_of_mentions: mentions }, at) => [
      labels[at] ?? '',
      formatNumber(posts),
      formatShare(mentions),
      formatShare(links),
    ]),
  };
  return createCard(findStatistic(statistics, 'links-and-mentions'), {
    content: chartContent(months.some(({ posts }) => posts > 0) ? [view] : []),
  });
}
