import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { SIZES, type SizeName } from './data.ts';
import { DATABASES, type DatabaseKind, REAL_MYSQL } from './databases.ts';
import type { BenchPage } from './bench-page.ts';
import { PAGES } from './pages.ts';

/** The options of a run. */
export interface Options {
  databases: DatabaseKind[];
  sizes: SizeName[];
  pages: BenchPage[];
  /** Whether only some pages are measured, without the original and without logins. */
  isPageRun: boolean;
  rounds: number;
  /** The seconds of each measurement, by server. Node alone is measured as long as ours. */
  secondsEach: { hello: number; ours: number; original: number };
  warmUpS: number;
  /** The seconds of each run that is measured with logins. */
  loginLoadS: number;
  /** The number of newest pages of each kind whose links to older pages are followed. */
  olderPageCount: number;
  soakMinutes: number;
  /** The folder for the results. */
  folder: string;
  /** The name of a report that later runs do not replace, or null. */
  reportName: string | null;
  /** Sentences for the report on databases that were not measured. */
  remarks: string[];
}

// Many short rounds: a machine is slower for a few seconds now and then.
const FULL = {
  rounds: 5,
  secondsEach: { hello: 1, ours: 2, original: 2 },
  warmUpS: 5,
  loginLoadS: 10,
  olderPageCount: 5000,
  soakMinutes: 10,
};
const QUICK = {
  rounds: 1,
  secondsEach: { hello: 1, ours: 1, original: 1 },
  warmUpS: 1,
  loginLoadS: 2,
  olderPageCount: 500,
  soakMinutes: 0,
};

/**
 * Reads the command line: `--quick`, `--large`, `--database NAME`, `--size NAME` and `--page NAME` (each can be
 * repeated), `--soak MINUTES`, and `--report NAME`. Only a full run, with no option or with `--large` and `--report`, writes
 * to `bench/`.
 * @throws Error if an option has no such value
 */
export function readOptions(parameters: string[]): Options {
  const { values } = parseArgs({
    args: parameters,
    options: {
      quick: { type: 'boolean', default: false },
      large: { type: 'boolean', default: false },
      database: { type: 'string', multiple: true },
      size: { type: 'string', multiple: true },
      page: { type: 'string', multiple: true },
      soak: { type: 'string' },
      report: { type: 'string' },
    },
  });
  const { quick, large, page } = values;
  const defaults = quick ? QUICK : FULL;
  const allDatabases = Object.keys(DATABASES) as DatabaseKind[];
  const allSizes = Object.keys(SIZES) as SizeName[];
  const defaultSizes = quick ? ['S'] : page ? ['M'] : ['S', 'M'];
  const sizes = choose(
    '--size',
    allSizes,
    values.size ?? [...defaultSizes, ...(large ? ['L'] : [])],
  );
  const defaultDatabases = quick || page ? ['mariadb'] : allDatabases;
  const chosen = choose('--database', allDatabases, values.database ?? defaultDatabases);
  const canRunMysql = existsSync(REAL_MYSQL);
  const isFullRun = !quick && !values.database && !values.size && !page && !values.soak;
  return {
    ...defaults,
    soakMinutes: Number(values.soak ?? (page ? 0 : defaults.soakMinutes)),
    databases: chosen.filter((kind) => kind !== 'mysql' || canRunMysql),
    sizes,
    pages: page ? choosePages(page) : PAGES,
    isPageRun: page !== undefined,
    folder: isFullRun ? 'bench' : '.data/bench',
    reportName: readReportName(values.report, isFullRun),
    remarks:
      chosen.includes('mysql') && !canRunMysql
        ? [`MySQL was not measured, because ${REAL_MYSQL} does not exist.`]
        : [],
  };
}

function readReportName(name: string | undefined, isFullRun: boolean): string | null {
  if (name === undefined) return null;
  if (!isFullRun) throw new Error('--report is for a full run: use it alone or with --large.');
  if (!/^[a-z0-9-]+$/.test(name))
    throw new Error('--report must have lower-case letters, digits and hyphens only.');
  return name;
}

/** Returns the pages with these names, in any case. A text that is no name stands for all names that contain it. */
function choosePages(chosen: string[]): BenchPage[] {
  const names = new Set(chosen.flatMap(listPageNames));
  return PAGES.filter(({ name }) => names.has(name));
}

function listPageNames(text: string): string[] {
  const wanted = text.toLowerCase().replaceAll("'", '’');
  const names = PAGES.map(({ name }) => name);
  const exact = names.filter((name) => name.toLowerCase() === wanted);
  const found =
    exact.length > 0 ? exact : names.filter((name) => name.toLowerCase().includes(wanted));
  if (found.length === 0) throw new Error(`--page must be in one of: ${names.join('; ')}.`);
  return found;
}

/** Returns the chosen words in the order of the known ones. */
function choose<Word extends string>(option: string, known: Word[], chosen: string[]): Word[] {
  const unknown = chosen.filter((word) => !(known as string[]).includes(word));
  if (unknown.length > 0) throw new Error(`${option} must be one of ${known.join(', ')}.`);
  return known.filter((word) => chosen.includes(word));
}
