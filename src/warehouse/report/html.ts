import { createDownloads } from './downloads.ts';
import { listKeyFigures } from './key-figures.ts';
import { createMessageCards } from './message-cards.ts';
import { createOwnCards } from './own-cards.ts';
import { createPeopleCards } from './people-cards.ts';
import type { Report } from './report.ts';
import { createShareCards } from './share-cards.ts';
import { renderTemplate } from './templates.ts';
import { findOldestVerification, listVerifications } from './verification.ts';

/** Renders a report as a page in MiniTwit's style. It needs no other file and no script. */
export function renderHtml(report: Report): string {
  const sections = [
    { id: 'users', title: 'Users', cards: createPeopleCards(report.statistics) },
    { id: 'messages', title: 'Messages', cards: createMessageCards(report.statistics) },
    { id: 'distribution', title: 'Distribution', cards: createShareCards(report) },
  ];
  const known = sections.flatMap(({ cards }) => cards.map(({ name }) => name));
  const ownCards = createOwnCards(report.statistics, ['totals', ...known]);
  if (ownCards.length > 0) {
    sections.push({ id: 'own', title: 'Further statistics', cards: ownCards });
  }
  const verifications = listVerifications(report);
  return renderTemplate('report.njk', {
    report,
    figures: listKeyFigures(report),
    sections,
    downloads: Object.fromEntries(createDownloads(report.statistics)),
    verifiedTables: verifications.map(({ cells }) => cells),
    oldestVerification: findOldestVerification(report),
    verifiedParts: verifications.flatMap(({ parts }) => parts),
  });
}
