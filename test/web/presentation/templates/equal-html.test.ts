import nunjucks from 'nunjucks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { escapeHtml } from '../../../../src/web/presentation/templates/escape-html.ts';
import { createLanguage, readViews } from '../../../../src/web/presentation/templates.ts';
import { compileTemplates } from '../../../../src/web/presentation/templates/compile-templates.ts';
import { listContexts } from './contexts.ts';

const views = readViews();
const base = createLanguage({ gravatar: false, mail: null }, (name) => `/static/${name}`);
const language = { ...base, globals: { ...base.globals, hasMail: true } };
const compiled = compileTemplates(views, language);

// The filters that nunjucks itself has.
const BUILT_IN = new Set(['capitalize', 'replace', 'urlencode']);
const USES_NO_VALUE = /^[\w-]+\.html:\d+: The template uses a value that is (?:null|undefined)\.$/;

const { escape: ownEscape } = nunjucks.lib as unknown as { escape: unknown };
let reference: nunjucks.Environment;

beforeAll(() => {
  Object.assign(nunjucks.lib, { escape: escapeHtml });
  reference = new nunjucks.Environment(new nunjucks.FileSystemLoader('views'), {
    autoescape: true,
    throwOnUndefined: true,
    trimBlocks: true,
    lstripBlocks: true,
  });
  for (const [name, value] of Object.entries(language.globals)) reference.addGlobal(name, value);
  for (const [name, filter] of Object.entries(language.filters)) {
    if (!BUILT_IN.has(name)) reference.addFilter(name, filter as () => unknown);
  }
});

afterAll(() => void Object.assign(nunjucks.lib, { escape: ownEscape }));

test.each(Array.from(views.keys()))('%s renders the same HTML as nunjucks', (name) => {
  const [complete, ...others] = listContexts(name);
  const render = (context: object = {}) => compiled.get(name)?.(context) ?? '';
  expect(render(complete)).toBe(reference.render(name, complete));
  for (const context of others) {
    const html = attempt(() => render(context));
    const expected = attempt(() => reference.render(name, context));
    // Nunjucks has defaults for a missing value before a filter.
    const isRefused =
      html instanceof Error && (expected instanceof Error || USES_NO_VALUE.test(html.message));
    expect(isRefused ? expected : html).toBe(expected);
  }
});

function attempt(render: () => string): string | Error {
  try {
    return render();
  } catch (error) {
    return error as Error;
  }
}
