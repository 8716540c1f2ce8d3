import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

interface SourceFile {
  path: string;
  text: string;
  /** Packages, and files of the repository by their path. */
  imports: string[];
}

/** A row of the table in CONTRIBUTING.md: which paths the files below a path may import. */
interface Rule {
  prefix: string;
  allowed: string[];
}

const files = globSync('src/**/*.ts').map((path): SourceFile => {
  const text = readFileSync(path, 'utf8');
  // The pattern finds `import … from`, `export … from`, `import '…'` and `import('…')`.
  const statements = /^(?:import|export)\b[^;]*?from '([^']+)'|\bimport ?\(?'([^']+)'/gm;
  const imports = Array.from(text.matchAll(statements), ([, from, alone]) => {
    const name = from ?? alone ?? '';
    return name.startsWith('.') ? join(dirname(path), name) : name;
  });
  return { path, text, imports };
});
const programs = files.filter(({ path }) => dirname(path) === 'src');

function readRules(): Rule[] {
  const rows = readFileSync('CONTRIBUTING.md', 'utf8').matchAll(/^\| `(src\/[^`]*)`.*\|(.*)\|$/gm);
  return Array.from(rows, ([, prefix = '', cell = '']) => ({
    prefix,
    allowed: Array.from(cell.matchAll(/`([\w-]+)\/`/g), ([, folder]) => `src/${folder}/`),
  }));
}

function filesBelow(...folders: string[]): SourceFile[] {
  return files.filter(({ path }) => folders.some((folder) => path.startsWith(`src/${folder}/`)));
}

/** Returns `FILE imports FILE` for each import that a rule forbids. */
function findOffences(
  among: SourceFile[],
  isForbidden: (name: string, from: SourceFile) => boolean,
): string[] {
  return among.flatMap((file) =>
    file.imports
      .filter((name) => isForbidden(name, file))
      .map((name) => `${file.path} imports ${name}`),
  );
}

test('the test finds the files and their imports', () => {
  expect(files.length).toBeGreaterThan(200);
  const app = files.find(({ path }) => path === 'src/web/app.ts');
  expect(app?.imports).toEqual(
    expect.arrayContaining(['express', 'src/web/routes/timelines.ts', 'src/config/config.ts']),
  );
});

test('each folder imports only what the table in CONTRIBUTING.md allows', () => {
  const rules = readRules();
  expect(rules.length).toBeGreaterThan(8);
  const offences = findOffences(files, (name, { path }) => {
    if (!name.startsWith('src/') || programs.some((program) => program.path === path)) return false;
    const matching = rules.filter(({ prefix }) => path.startsWith(prefix));
    // The longest prefix is the most specific one.
    const [rule] = matching.toSorted((a, b) => b.prefix.length - a.prefix.length);
    const [top = ''] = /^src\/[\w-]+\//.exec(path) ?? [];
    return ![top, ...(rule?.allowed ?? [])].some((prefix) => name.startsWith(prefix));
  });
  expect(offences).toEqual([]);
});

test('only programs are directly in src', () => {
  const scripts = readFileSync('package.json', 'utf8');
  const unknown = programs.filter(({ path }) => {
    const compiled = path.replace(/^src(.*)\.ts$/, 'dist$1.js');
    return !scripts.includes(path) && !scripts.includes(compiled);
  });
  expect(unknown).toEqual([]);
});

test('folders do not import each other in a circle', () => {
  const folders = new Map<string, Set<string>>();
  for (const { path, imports } of files) {
    const folder = dirname(path);
    const others = imports.filter((name) => name.startsWith('src/')).map((name) => dirname(name));
    const known = folders.get(folder) ?? new Set();
    folders.set(folder, known.union(new Set(others.filter((other) => other !== folder))));
  }
  // Folders that import nothing are removed again and again. Only a circle is left.
  for (let size = Infinity; folders.size < size;) {
    size = folders.size;
    for (const [folder, imported] of folders) {
      if (![...imported].some((other) => folders.has(other))) folders.delete(folder);
    }
  }
  expect(folders).toEqual(new Map());
});

test('only programs read the environment', () => {
  const readers = files.filter(
    ({ text, imports }) => text.includes('process.env') || imports.includes('node:process'),
  );
  expect(programs).toEqual(expect.arrayContaining(readers));
});

test('repositories and the database do not know Express', () => {
  const offences = findOffences(filesBelow('repositories', 'database'), (name) =>
    name.startsWith('express'),
  );
  expect(offences).toEqual([]);
});

test('routes and middleware have no SQL and do not import mysql2', () => {
  const web = filesBelow('web/routes', 'web/middleware');
  expect(findOffences(web, (name) => name.startsWith('mysql2'))).toEqual([]);
  const sql = /\b(select\b[^;]*\bfrom|insert into|update\b[^;]*\bset|delete from)\b/i;
  const withSql = web.filter(({ text }) =>
    Array.from(text.matchAll(/`[^`]*`|'[^'\n]*'/g)).some(([literal]) => sql.test(literal)),
  );
  expect(withSql.map(({ path }) => path)).toEqual([]);
});

test('queries have named parameters and no concatenation', () => {
  const queries = filesBelow('repositories').flatMap(({ path, text }) =>
    Array.from(text.matchAll(/`\s*(?:select|insert|update|delete)\b[^`]*`/g), ([sql]) => ({
      path,
      sql,
    })),
  );
  expect(queries.length).toBeGreaterThan(15);
  expect(queries.filter(({ sql }) => /\?|%s|\$\{/.test(sql))).toEqual([]);
});

test('app.ts opens nothing and listens to nothing', () => {
  const app = files.find(({ path }) => path === 'src/web/app.ts');
  expect(app?.text).not.toMatch(/\.listen\(|createPool|openDatabase|createPasswords|createServer/);
  expect(app?.imports.filter((name) => name.startsWith('src/database/'))).toEqual([]);
});

test('every export has a docstring', () => {
  const missing = files.flatMap(({ path, text }) =>
    Array.from(text.matchAll(/(.*)\nexport (?!type \{|\{)(.*)/g))
      .filter(([, before]) => !before?.trimEnd().endsWith('*/'))
      .map(([, , line]) => `${path}: ${line}`),
  );
  expect(missing).toEqual([]);
});
