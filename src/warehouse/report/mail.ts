import {
  formatDay,
  formatDayBeside,
  formatDifference,
  formatNumber,
  formatTime,
} from './formats.ts';
import { type KeyFigure, listKeyFigures } from './key-figures.ts';
import type { Report } from './report.ts';
import { renderTemplate } from './templates.ts';

/** A mail with the key figures of a report, as text and as HTML. */
export interface ReportMail {
  subject: string;
  text: string;
  html: string;
}

/**
 * Writes the mail about a report.
 * @param isAttached whether the report is attached to the mail
 * @param places the folders of the report, as paths and URLs
 */
export function writeReportMail(
  report: Report,
  { isAttached, places }: { isAttached: boolean; places: string[] },
): ReportMail {
  const figures = listKeyFigures(report);
  const where = `in ${places.join(' and in ')}`;
  const sentences = [
    'MiniTwit does not record visits, so users are counted who posted.',
    isAttached
      ? `The report is attached. All files of the run ${report.run} are ${where}.`
      : `The report is too large for a mail. It and all other files of the run ${report.run} are ${where}.`,
  ];
  const intro = `MiniTwit in numbers, as of ${formatTime(report.asOf)} UTC`;
  return {
    subject: `MiniTwit in numbers: ${formatDay(report.asOf)}`,
    text: `${[intro, figures.map((figure) => formatFigure(figure, report)).join('\n'), ...sentences].join('\n\n')}\n`,
    html: renderTemplate('mail.njk', { report, figures, sentences }),
  };
}

function formatFigure({ title, value, changes }: KeyFigure, { asOf }: Report): string {
  const lines = changes.map(({ difference, growth, since }) => {
    const percent = growth === null ? '' : ` (${growth})`;
    return `  ${formatDifference(difference)}${percent} since ${formatDayBeside(since, asOf)}`;
  });
  return [`${title}: ${formatNumber(value)}`, ...lines].join('\n');
}
