import { fileURLToPath } from 'node:url';
import type { Express } from 'express';
import nunjucks from 'nunjucks';
import type { Config } from '../../config/config.ts';
import { toMessageId } from '../../repositories/listed-ids.ts';
import { MESSAGE_MAX_CODE_POINTS, MESSAGE_MAX_LENGTH } from '../forms/message.ts';
import { gravatarUrl, identiconUrl } from './avatars.ts';
import { escapeHtml } from './escape-html.ts';
import { collapseText } from './collapsed-text.ts';
import { splitMessage } from './message-parts.ts';
import type { StaticFiles } from './static-files.ts';
import { formatTime, formatIsoTime } from './times.ts';

const VIEWS = fileURLToPath(new URL('../../../views', import.meta.url));

/** Renders a template of `views/` as HTML. */
export type RenderTemplate = (view: string, context: object) => string;

// For autoescape and for the filter `escape`. Jinja writes `"` as `&#34;`, which the tests of the original expect.
Object.assign(nunjucks.lib, { escape: escapeHtml });

/**
 * Makes `res.render` use the templates in `views/`, which escape all values.
 * @returns a function that renders them without `res.locals`
 */
export function useTemplates(
  app: Express,
  { gravatar, mail }: Pick<Config, 'gravatar' | 'mail'>,
  { staticUrl }: StaticFiles,
): RenderTemplate {
  const templates = new nunjucks.Environment(new nunjucks.FileSystemLoader(VIEWS), {
    autoescape: true,
    throwOnUndefined: true,
    trimBlocks: true,
    lstripBlocks: true,
  });
  templates.addGlobal('avatarUrl', gravatar ? gravatarUrl : identiconUrl);
  templates.addGlobal('hasMail', mail !== null);
  templates.addGlobal('staticUrl', staticUrl);
  templates.addGlobal('messageMaxLength', MESSAGE_MAX_LENGTH);
  templates.addGlobal('messageMaxCodePoints', MESSAGE_MAX_CODE_POINTS);
  templates.addFilter('collapseText', collapseText);
  templates.addFilter('formatTime', formatTime);
  templates.addFilter('formatIsoTime', formatIsoTime);
  templates.addFilter('splitMessage', splitMessage);
  templates.addFilter('toMessageId', toMessageId);
  templates.express(app);
  app.set('view engine', 'html');
  return (view, context) => templates.render(view, context);
}
