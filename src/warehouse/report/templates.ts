import { fileURLToPath } from 'node:url';
import nunjucks from 'nunjucks';
import {
  formatDayBeside,
  formatDifference,
  formatNumber,
  formatShare,
  formatTime,
} from './formats.ts';

// The relative path is the same from dist/ and from src/.
const FOLDERS = ['../../../src/warehouse/report', '../../../static'].map((folder) =>
  fileURLToPath(new URL(folder, import.meta.url)),
);

/** Renders a template of this folder. All values are escaped, and an unknown name is an error. */
export function renderTemplate(name: string, values: object): string {
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
  templates.addFilter('dayBeside', formatDayBeside);
  return templates.render(name, values);
}
