import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

// The rules by which the parts of src/ may know each other.
const programs = ['server.ts', 'initdb.ts', 'local.ts', 'warehouse/main.ts', 'cloud/main.ts'];
const shared = [
  'database',
  'config.ts',
  'errors.ts',
  'environment.ts',
  'settings.ts',
  'program.ts',
  'claim.ts',
  'dev',
  'aws',
];

interface SourceFile {
  path: string;
  /** Its first folder; the file itself at the top. */
  part: string;
  text: string;
  /** Packages, and files of src/ by their path. */
  imports: string[];
}

const files: SourceFile[] = globSync('src/**/*.ts').map((file) => {
  const path = relative('src', file);
  const text = readFileSync(file, 'utf8');
  // `import … from`, `export … from`, `import '…'` and `import('…')`
  const statements = /^(?:import|export)\b[^;]*?from '([^']+)'|\bimport ?\(?'([^']+)'/gm;
  const imports = Array.from(text.matchAll(statements), ([, from, alone]) => {
    const name = from ?? alone ?? '';
    return name.startsWith('.') ? join(dirname(path), name) : name;
  });
  return { path, part: partOf(path), text, imports };
});

function partOf(path: string): string {
  return path.split('/', 1)[0] ?? path;
}

function filesIn(...parts: string[]): SourceFile[] {
  return files.filter(({ part }) => parts.includes(part));
}

/** `file imports package` for each import that a rule forbids. */
function offences(among: SourceFile[], isForbidden: (name: string) => boolean): string[] {
  return among.flatMap(({ path, imports }) =>
    imports.filter(isForbidden).map((name) => `${path} imports ${name}`),
  );
}

test('the files and their imports are found', () => {
  expect(files.length).toBeGreaterThan(30);
  const app = files.find(({ path }) => path === 'app.ts');
  expect(app?.imports).toEqual(expect.arrayContaining(['express', 'routes/login.ts', 'config.ts']));
});

test('the environment is read only where a program starts', () => {
  const readers = files
    .filter(({ text, imports }) => text.includes('process.env') || imports.includes('node:process'))
    .map(({ path }) => path);
  expect(programs).toEqual(expect.arrayContaining(readers));
});

test('repositories and the database do not know the web', () => {
  const web = (name: string) =>
    name.startsWith('express') || ['routes', 'middleware', 'presentation'].includes(partOf(name));
  expect(offences(filesIn('repositories', 'database'), web)).toEqual([]);
});

test('repositories and the database do not know the tools of a development machine', () => {
  const isTool = (name: string) => partOf(name) === 'dev';
  expect(offences(filesIn('repositories', 'database'), isTool)).toEqual([]);
});

test('routes and middleware know no database, and hold no SQL', () => {
  const web = filesIn('routes', 'middleware');
  expect(offences(web, (name) => name.startsWith('mysql2') || partOf(name) === 'database')).toEqual(
    [],
  );
  const sql = /\b(select\b[^;]*\bfrom|insert into|update\b[^;]*\bset|delete from)\b/i;
  const withSql = web.filter(({ text }) =>
    Array.from(text.matchAll(/`[^`]*`|'[^'\n]*'/g)).some(([t]) => sql.test(t)),
  );
  expect(withSql.map(({ path }) => path)).toEqual([]);
});

test('queries have named parameters, and are put together from nothing', () => {
  const withSql = filesIn('repositories').flatMap(({ path, text }) =>
    Array.from(text.matchAll(/`\s*(?:select|insert|update|delete)\b[^`]*`/g), ([sql]) => ({
      path,
      sql,
    })),
  );
  expect(withSql.length).toBeGreaterThan(15);
  expect(withSql.filter(({ sql }) => /\?|%s|\$\{/.test(sql))).toEqual([]);
});

test('app.ts opens nothing and listens to nothing', () => {
  const app = files.find(({ path }) => path === 'app.ts');
  expect(app?.text).not.toMatch(/\.listen\(|createPool|openDatabase|createPasswords|createServer/);
  expect(app?.imports.filter((name) => partOf(name) === 'database')).toEqual([]);
});

test('the web, the warehouse and the stack do not know each other', () => {
  const worlds = ['warehouse', 'cloud'];
  const web = (name: string) =>
    !name.startsWith('node:') &&
    name.endsWith('.ts') &&
    ![...shared, ...worlds].includes(partOf(name));
  for (const world of worlds) {
    const others = new Set(worlds.filter((other) => other !== world));
    expect(offences(filesIn(world), (name) => web(name) || others.has(partOf(name)))).toEqual([]);
  }
  const rest = files.filter(({ part }) => !worlds.includes(part));
  expect(offences(rest, (name) => worlds.includes(partOf(name)))).toEqual([]);
});

test('everything that is exported says what it is', () => {
  const silent = files.flatMap(({ path, text }) =>
    Array.from(text.matchAll(/(.*)\nexport (?!type \{|\{)(.*)/g))
      .filter(([, before]) => !before?.trimEnd().endsWith('*/'))
      .map(([, , line]) => `${path}: ${line}`),
  );
  expect(silent).toEqual([]);
});
