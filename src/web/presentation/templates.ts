import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Express } from 'express';
import type { Config } from '../../config/config.ts';
import { toMessageId } from '../../repositories/listed-ids.ts';
import { MESSAGE_MAX_CODE_POINTS, MESSAGE_MAX_LENGTH } from '../forms/message.ts';
import { gravatarUrl, identiconUrl } from './avatars.ts';
import { collapseText } from './collapsed-text.ts';
import { encodePath } from './encode-path.ts';
import { splitMessage } from './message-parts.ts';
import type { StaticFiles } from './static-files.ts';
import { compileTemplates } from './templates/compile-templates.ts';
import { capitalize, replace } from './templates/filters.ts';
import type { Language } from './templates/scope.ts';
import { formatIsoTime, formatTime } from './times.ts';

const VIEWS = fileURLToPath(new URL('../../../views', import.meta.url));

/** Renders a template of `views/` as HTML. */
export type RenderTemplate = (view: string, context: object) => string;

/**
 * Makes `res.render` use the templates in `views/`, which escape all values.
 * @returns a function that renders them without `res.locals`
 * @throws Error with the file and the line if a template is wrong
 */
export function useTemplates(
  app: Express,
  config: Pick<Config, 'gravatar' | 'mail'>,
  { staticUrl }: StaticFiles,
): RenderTemplate {
  const templates = compileTemplates(readViews(), createLanguage(config, staticUrl));
  const renderTemplate: RenderTemplate = (view, context) => {
    const render = templates.get(view);
    if (!render) throw new Error(`There is no template called ${view}.`);
    return render(context);
  };
  app.set('view', createViewClass(renderTemplate));
  return renderTemplate;
}

/** Returns the text of each template by its name. */
export function readViews(): Map<string, string> {
  const names = readdirSync(VIEWS).filter((name) => name.endsWith('.html'));
  return new Map(names.map((name) => [name, readFileSync(join(VIEWS, name), 'utf8')]));
}

/** Returns what templates can use beside their values. */
export function createLanguage(
  { gravatar, mail }: Pick<Config, 'gravatar' | 'mail'>,
  staticUrl: StaticFiles['staticUrl'],
): Language {
  return {
    globals: {
      avatarUrl: gravatar ? gravatarUrl : identiconUrl,
      hasMail: mail !== null,
      staticUrl,
      messageMaxLength: MESSAGE_MAX_LENGTH,
      messageMaxCodePoints: MESSAGE_MAX_CODE_POINTS,
    },
    filters: {
      capitalize,
      collapseText,
      formatIsoTime,
      formatTime,
      replace,
      splitMessage,
      toMessageId,
      urlencode: encodePath,
    },
  };
}

/** Returns the class of Express's views. The default one would search for the file. */
function createViewClass(renderTemplate: RenderTemplate) {
  return class View {
    // Express requires a path.
    readonly path: string;

    constructor(name: string) {
      this.path = name;
    }

    // Express catches errors, and passes them to the callback.
    render(context: object, callback: (error: null, html: string) => void): void {
      callback(null, renderTemplate(this.path, context));
    }
  };
}
