import type { Statistic } from '../statistics/statistics.ts';
import { type Card, chartContent, createCard, readRecords } from './cards.ts';
import { drawHeatmap, drawLines } from './chart.ts';
import { formatDay, formatDayAxis, formatNumber, formatShare } from './formats.ts';
import { periodViews } from './period-views.ts';
import { findStatistic } from './report.ts';

const DAYS = 90;
const WEEKS = 13;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** Creates the cards about users: growth, retention and activity. */
export function createPeopleCards(statistics: Statistic[]): Card[] {
  return [
    createCard(findStatistic(statistics, 'new-users'), {
      content: periodViews(statistics, 'new-users', {
        column: 'new_users',
        title: 'new users',
      }),
    }),
    createActiveCard(statistics),
    createRetentionCard(statistics),
    createHoursCard(statistics),
  ];
}

type ActiveDay = {
  day: string;
  daily: number;
  weekly: number;
  monthly: number;
  daily_share: number | null;
  weekly_share: number | null;
};

function createActiveCard(statistics: Statistic[]): Card {
  const days = readRecords<ActiveDay>(statistics, 'active-users');
  // The last period is incomplete, but on the first day it is the only one.
  const shown = days.length > 1 ? days.slice(-DAYS - 1, -1) : days;
  const labels = formatDayAxis(shown.map(({ day }) => day));
  const people = [
    { name: 'on the day', values: shown.map(({ daily }) => daily) },
    { name: 'in 7 days', values: shown.map(({ weekly }) => weekly) },
    { name: 'in 30 days', values: shown.map(({ monthly }) => monthly) },
  ];
  const shares = [
    { name: 'on the day', values: shown.map((day) => day.daily_share) },
    { name: 'in 7 days', values: shown.map((day) => day.weekly_share) },
  ];
  const views = [
    {
      label: 'users',
      legend: people.map(({ name }) => name),
      svg: drawLines(labels, people, { isShare: false }),
      columns: ['day', ...people.map(({ name }) => name)],
      rows: shown.map(({ day, daily, weekly, monthly }) => [
        day,
        ...[daily, weekly, monthly].map(formatNumber),
      ]),
    },
    {
      label: 'shares of the 30 days',
      legend: shares.map(({ name }) => name),
      svg: drawLines(labels, shares, { isShare: true }),
      columns: ['day', ...shares.map(({ name }) => name)],
      rows: shown.map((day) => [
        day.day,
        ...[day.daily_share, day.weekly_share].map((share) => formatShare(share)),
      ]),
    },
  ];
  return createCard(findStatistic(statistics, 'active-users'), {
    content: chartContent(shown.length > 0 ? views : []),
  });
}

type Retained = {
  came_in: string;
  weeks_later: number;
  users: number;
  active_users: number;
  share: number;
};

function createRetentionCard(statistics: Statistic[]): Card {
  const all = readRecords<Retained>(statistics, 'retention');
  // The last week of each cohort is the current one, which is incomplete.
  const isOver = all.filter((each, at) => all[at + 1]?.came_in === each.came_in);
  const cohorts = Array.from(new Set(isOver.map(({ came_in: week }) => week))).slice(-WEEKS);
  const recent = isOver.filter(
    ({ came_in: week, weeks_later: later }) => cohorts.includes(week) && later < WEEKS,
  );
  const strongest = Math.max(...recent.map(({ share }) => share), 0.01);
  const heatmap = {
    columns: Array.from({ length: WEEKS }, (_, later) => String(later)),
    rows: cohorts.map(formatDay),
    cells: recent.map(({ came_in: week, weeks_later: later, share }) => ({
      column: later,
      row: cohorts.indexOf(week),
      strength: share / strongest,
    })),
  };
  const view = {
    label: 'by week',
    legend: [],
    svg: drawHeatmap(heatmap),
    columns: ['week of registration', 'users', ...heatmap.columns.map((later) => `+${later}`)],
    rows: cohorts.map((week) => {
      const row = recent.filter(({ came_in: cameIn }) => cameIn === week);
      const shares = heatmap.columns.map((_, later) => row[later]?.share ?? null);
      return [week, formatNumber(row[0]?.users ?? null), ...shares.map(formatShare)];
    }),
  };
  return createCard(findStatistic(statistics, 'retention'), {
    note: 'Each row is a week of registration, and each column a number of weeks after it. A stronger colour is a greater share.',
    content: chartContent(recent.length > 0 ? [view] : []),
  });
}

type Hour = { weekday: number; hour: number; posts: number };

function createHoursCard(statistics: Statistic[]): Card {
  const hours = readRecords<Hour>(statistics, 'hours');
  const strongest = Math.max(...hours.map(({ posts }) => posts), 1);
  const count = (weekday: number, hour: number) =>
    hours.find((each) => each.weekday === weekday && each.hour === hour)?.posts ?? 0;
  const view = {
    label: 'all',
    legend: [],
    svg: drawHeatmap({
      columns: HOURS.map(String),
      rows: WEEKDAYS,
      cells: WEEKDAYS.flatMap((_, row) =>
        HOURS.map((hour) => ({ column: hour, row, strength: count(row, hour) / strongest })),
      ),
    }),
    columns: ['hour', ...WEEKDAYS],
    rows: HOURS.map((hour) => [
      `${hour}:00`,
      ...WEEKDAYS.map((_, weekday) => formatNumber(count(weekday, hour))),
    ]),
  };
  return createCard(findStatistic(statistics, 'hours'), {
    content: chartContent(hours.length > 0 ? [view] : []),
  });
}
