import { expect, test } from 'vitest';
import { compileTemplates } from '../../../../src/web/presentation/templates/compile-templates.ts';

const NASTY = `<>&"'`;
const ESCAPED = '&lt;&gt;&amp;&#34;&#39;';

const LANGUAGE = {
  globals: { site: NASTY, double: (text: string) => text + text, isOn: true },
  filters: { upper: (text: string) => text.toUpperCase(), concat: (a: string, b: string) => a + b },
};

/** Compiles templates by their names, and renders the template `page`. */
function render(templates: string | Record<string, string>, context: object = {}): string {
  const sources = typeof templates === 'string' ? { page: templates } : templates;
  const page = compileTemplates(new Map(Object.entries(sources)), LANGUAGE).get('page');
  if (!page) throw new Error('There is no template called page.');
  return page(context);
}

test.each([
  ['{{ x }}', ESCAPED],
  ['<a title="{{ x }}">', `<a title="${ESCAPED}">`],
  ['{{ o.x }}{{ o["x"] }}{{ list[0] }}{{ (x) }}', ESCAPED.repeat(4)],
  ['{{ x if x else 1 }}{{ 1 if not x else x }}{{ 1 if no }}', ESCAPED.repeat(2)],
  ['{{ no or x }}{{ x and x }}', ESCAPED.repeat(2)],
  [`{{ "<" }}{{ 'a' + x }}`, `&lt;a${ESCAPED}`],
  ['{{ x | upper }}{{ x | concat("<") }}', `${ESCAPED}${ESCAPED}&lt;`],
  ['{{ site }}{{ double("<") }}{{ double(x) }}', `${ESCAPED}&lt;&lt;${ESCAPED.repeat(2)}`],
  ['{{ read() }}', ESCAPED],
  ['{% for each in list %}{{ each }}{{ loop.index }}{% endfor %}', `${ESCAPED}1`],
  ['{% set y = x %}{{ y }}', ESCAPED],
  ['{% macro m(y, z="<") %}{{ y }}{{ z }}{% endmacro %}{{ m(x) }}', `${ESCAPED}&lt;`],
  ['{% macro m(y) %}<b>{{ y }}{{ x }}</b>{% endmacro %}{{ (m(1)) }}', `<b>1${ESCAPED}</b>`],
  ['{{ x | safe }}{{ x | upper | safe }}', NASTY.repeat(2)],
  ['{{ (x | safe) if x }}{{ 1.5 }}{{ true }}', `${NASTY}1.5true`],
])('escapes all values of %s, except for macros and safe', (template, html) => {
  expect(render(template, { x: NASTY, o: { x: NASTY }, list: [NASTY], read: () => NASTY })).toBe(
    html,
  );
});

test('an extension replaces blocks, sees the variables of its page, and hides its own', () => {
  const page = `{% extends 'base' %}{% import 'm' as m %}{% set a = 1 %}
{% block one %}{% set a = 2 %}{% set b = 3 %}{{ m.add(a, suffix='!') }}{% endblock %}`;
  const base = `{% block one %}{% endblock %}{{ a }}{{ b }}{% block two %}{{ a }}{% include 'i' %}{% endblock %}{{ b }}`;
  const m = `{% macro add(x, y=1, suffix='') %}{{ sum(x, y) }}{{ suffix }}{% endmacro %}
{% macro sum(x, y) %}{{ x + y }}{% endmacro %}`;
  const i = '{% if isOn %}{% set b = 5 %}{% set a = b %}{% endif %}{{ a }}';
  expect(render({ page, base, m, i }, { b: 0 })).toBe('3!10150');
});

test('a variable of a loop retains its value for the next item only', () => {
  const template =
    '{% for x in list %}{{ y }}{% if x %}{% set y = x %}{% endif %}{% endfor %}{{ y }}{% for x in no %}{% else %}-{% endfor %}';
  expect(render(template, { list: [1, 0, 2, 3], y: 9 })).toBe('91129-');
});

test('a page cannot have names of JavaScript or of Object', () => {
  expect(render('{% set class = 1 %}{{ class }}{{ html }}', { html: 2 })).toBe('12');
  expect(() => render('{% if x | constructor %}{% endif %}', { x: 1 })).toThrow('constructor');
});

test.each(['{{ x }}', '{{ x.y }}', '{{ x | upper }}', '{{ x | safe }}', '{{ x() }}', '{{ o.x }}'])(
  'a missing value in %s is an error with its file and line',
  (template) => {
    expect(() => render(`\n\n${template}`, { o: {} })).toThrow(/^page:3: The template .+\.$/);
    expect(() => render(`\n\n${template}`, { x: null, o: { x: null } })).toThrow(/^page:3: /);
    expect(() => render({ page: `{% include 'i' %}`, i: `\n${template}` }, { o: {} })).toThrow(
      /^i:2: /,
    );
  },
);

test('a loop over a value that is not an array is an error with its file and line', () => {
  expect(() => render('{% for x in y %}{% endfor %}', { y: new Set([1]) })).toThrow(/^page:1: /);
});

test.each([
  ['{% switch x %}{% case 1 %}{% endswitch %}', 'Switch'],
  ['{% from "m" import a %}', 'FromImport'],
  ['{% import "m" as m with context %}', 'Import with context'],
  ['{% import x as m %}', 'Symbol as the name of a template'],
  ['{% extends x %}', 'Symbol as the name of a template'],
  ['{% include x %}', 'Symbol as the name of a template'],
  ['{% include "m" ignore missing %}', 'ignore missing'],
  ['{% if x %}{% import "m" as m %}{% endif %}', 'Import'],
  ['{% if x %}{% extends "m" %}{% endif %}', 'Extends'],
  ['{% if x %}{% macro m() %}{% endmacro %}{% endif %}', 'Macro'],
  ['{% macro m() %}{% block b %}{% endblock %}{% endmacro %}', 'Block in a Macro'],
  ['{% macro m(a=x) %}{% endmacro %}', 'Symbol as a default'],
  ['{% asyncEach x in y %}{% endeach %}', 'AsyncEach'],
  ['{% ifAsync x %}{% endif %}', 'IfAsync'],
  ['{% for a, b in x %}{% endfor %}', 'Array as a name'],
  ['{% for a in x %}{{ loop.last }}{% endfor %}', 'loop'],
  ['{% for a in x %}{{ loop }}{% endfor %}', 'loop as a value'],
  ['{% set x %}a{% endset %}', 'Set without'],
  ['{% set x, y = 1 %}', 'Set without'],
  ['{% set x = 1 %}{% for y in z %}{% set x = 2 %}{% endfor %}', 'Set of x'],
  ['{% for y in z %}{% set y = 2 %}{% endfor %}', 'Set of y'],
  ['{% import "m" as m %}{% set m = 1 %}', 'Set of m'],
  ['{% set x = 1 %}{% macro m() %}{{ x }}{% endmacro %}', 'x as a value'],
  ['{% call m() %}{% endcall %}', 'KeywordArgs'],
  ['{% import "m" as m %}{% call m.a() %}{% endcall %}', 'Caller'],
  ['{% filter upper %}a{% endfilter %}', 'Capture'],
  ['{{ x is defined }}', 'Is'],
  ['{{ x in y }}', 'In'],
  ['{{ x * y }}', 'Mul'],
  ['{{ x ~ y }}', 'Concat'],
  ['{{ -x }}', 'Neg'],
  ['{{ {a: 1} }}', 'Dict'],
  ['{{ r/a/g }}', 'regular expression'],
  ['{{ x === y }}', 'Compare'],
  ['{{ x < y < z }}', 'Compare'],
  ['{{ not x == y }}', 'Not'],
  ['{{ (x, y) }}', 'Group'],
  ['{{ x.y() }}', 'FunCall'],
  ['{{ super() }}', 'super'],
  ['{{ f(a=1) }}', 'KeywordArgs'],
  ['{{ x | unknown }}', 'the filter unknown'],
  ['{{ x | safe | upper }}', 'the filter safe'],
  ['{% import "m" as m %}{{ m.unknown() }}', 'unknown'],
  ['{% import "m" as m %}{{ m.a }}', 'm as a value'],
  ['{% import "m" as m %}{{ m.a(1, 2) }}', 'too many'],
  ['{% import "m" as m %}{{ m.a(1, x=2) }}', 'too many'],
  ['{% import "m" as m %}{{ m.a(y=2) }}', 'y'],
  ['{% import "m" as m %}{{ m.a(1) or 2 }}', 'FunCall'],
  ['{% import "m" as m %}{% set x = m.a(1) %}', 'FunCall'],
  ['{% extends "m" %}\ntext', 'Output'],
  ['{% extends "m" %}{% if x %}{% endif %}', 'If'],
])('refuses %s with its file and line', (template, construct) => {
  const templates = { page: `\n${template}`, m: '{% macro a(x) %}{% endmacro %}' };
  expect(() => render(templates)).toThrow(
    new RegExp(`^page:[23]: Templates cannot have this here: .*(?:${construct}).*\\.$`),
  );
});

test.each([
  ['{% if x %}', /^page:\d: .*end of file/],
  ['{{ x', /^page:\d: /],
  ['{% include "unknown" %}', /^page:1: There is no template called unknown\.$/],
  ['{% import "m" as m %}', /^m:1: .* y, which this macro does not have\.$/],
])('a wrong template is an error with its file and line: %s', (template, message) => {
  const templates = { page: template, m: '{% macro a(x) %}{{ y }}{% endmacro %}' };
  expect(() => render(templates)).toThrow(message);
});
