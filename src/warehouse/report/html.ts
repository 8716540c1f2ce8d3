import { fileURLToPath } from 'node:url';
import nunjucks from 'nunjucks';
import { formatDay, formatDifference, formatNumber, formatShare, formatTime } from './formats.ts';
import { createMessageCards } from './message-cards.ts';
import { createPeopleCards } from './people-cards.ts';
import { readTotals, type Report } from './report.ts';
import { createShareCards } from './share-cards.ts';

// The relative path is the same from dist/ and from src/.
const FOLDERS = ['../../../src/warehouse/report', '../../../static'].map((folder) =>
  fileURLToPath(new URL(folder, import.meta.url)),
);

const KEY_FIGURE_TITLES: Record<string, string> = {
  people: 'users',
  messages: 'messages',
  follows: 'follows',
  active_week: 'active in 7 days',
  active_month: 'active in 30 days',
};

/** Renders a report as a page in MiniTwit's style. It needs no other file and no script. */
export function renderHtml(report: Report): string {
  const templates = new nunjucks.Environment(new nunjucks.FileSystemLoader(FOLDERS), {
    autoescape: true,
    throwOnUndefined: true,
    trimBlocks: true,
    lstripBlocks: true,
  });
  templates.addFilter('number', formatNumber);
  templates.addFilter('share', formatShare);
  templates.addFilter('difference', formatDifference);
  templates.addFilter('time', formatTime);
  templates.addFilter('day', formatDay);
  return templates.render('report.njk', {
    report,
    figures: createKeyFigures(report),
    sections: [
      { id: 'users', title: 'Users', cards: createPeopleCards(report.statistics) },
      { id: 'messages', title: 'Messages', cards: createMessageCards(report.statistics) },
      { id: 'distribution', title: 'Distribution', cards: createShareCards(report) },
    ],
  });
}

interface KeyFigure {
  title: string;
  value: number;
  /** The difference from the previous run, or null if that is unknown. */
  difference: number | null;
}

function createKeyFigures({ statistics, before }: Report): KeyFigure[] {
  return Object.entries(readTotals(statistics)).map(([name, value]) => {
    // The report of an older version may lack the figure.
    const earlier = before?.totals[name];
    return {
      title: KEY_FIGURE_TITLES[name] ?? name,
      value,
      difference: earlier === undefined ? null : value - earlier,
    };
  });
}
