import { fileURLToPath } from 'node:url';
import type { Express } from 'express';
import nunjucks from 'nunjucks';
import { MESSAGE_MAX_CODE_POINTS, MESSAGE_MAX_LENGTH } from '../forms/message.ts';
import { gravatarUrl, identiconUrl } from './avatars.ts';
import { escapeHtml } from './escape-html.ts';
import { foldText } from './folded-text.ts';
import { splitMessage } from './message-parts.ts';
import type { StaticFiles } from './static-files.ts';
import { formatTime, isoTime } from './times.ts';

const VIEWS = fileURLToPath(new URL('../../views', import.meta.url));

/** Gives a template of `views/` as HTML. */
export type Render = (view: string, context: object) => string;

/**
 * Nunjucks, except that it escapes `"` as Flask's Jinja does, whose output the original's tests expect: `&#34;`. Texts
 * that contain `&quot;` themselves are not changed, since their `&` is escaped.
 */
class Templates extends nunjucks.Environment {
  override render(view: string, context?: object): string;
  override render(view: string, context?: object, done?: nunjucks.TemplateCallback<string>): void;
  override render(view: string, context?: object, done?: nunjucks.TemplateCallback<string>) {
    if (!done) return escapeAsJinja(super.render(view, context));
    return super.render(view, context, (error, html) => done(error, html && escapeAsJinja(html)));
  }
}

function escapeAsJinja(html: string): string {
  return html.replaceAll('&quot;', '&#34;');
}

/**
 * Makes `res.render` use the templates in `views/`, which escape whatever they are given.
 * @returns a way to render them without a response, and without its `res.locals`
 */
export function useTemplates(
  app: Express,
  { gravatar }: { gravatar: boolean },
  { staticUrl }: StaticFiles,
): Render {
  const templates = new Templates(new nunjucks.FileSystemLoader(VIEWS), {
    autoescape: true,
    throwOnUndefined: true,
    trimBlocks: true,
    lstripBlocks: true,
  });
  templates.addGlobal('avatarUrl', gravatar ? gravatarUrl : identiconUrl);
  templates.addGlobal('staticUrl', staticUrl);
  templates.addGlobal('messageMaxLength', MESSAGE_MAX_LENGTH);
  templates.addGlobal('messageMaxCodePoints', MESSAGE_MAX_CODE_POINTS);
  // For what can be long: autoescape uses nunjucks's own.
  templates.addFilter(
    'escape',
    (text: string) => new nunjucks.runtime.SafeString(escapeHtml(text)),
  );
  templates.addFilter('foldText', foldText);
  templates.addFilter('formatTime', formatTime);
  templates.addFilter('isoTime', isoTime);
  templates.addFilter('splitMessage', splitMessage);
  templates.express(app);
  app.set('view engine', 'html');
  return (view, context) => templates.render(view, context);
}
