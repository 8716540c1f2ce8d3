import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { SIZES, type SizeName } from './data.ts';
import { DATABASES, type DatabaseKind, REAL_MYSQL } from './databases.ts';

/** The options of a run. */
export interface Options {
  databases: DatabaseKind[];
  sizes: SizeName[];
  rounds: number;
  /** The seconds for each page in each round, by server. */
  secondsEach: { hello: number; ours: number; original: number };
  warmUpS: number;
  /** The seconds of each run that is measured with logins. */
  loginLoadS: number;
  /** The number of newest pages of each kind whose links to older pages are followed. */
  olderPageCount: number;
  soakMinutes: number;
  /** The folder for the results. */
  folder: string;
  /** Sentences for the report on databases that were not measured. */
  remarks: string[];
}

const FULL = {
  rounds: 3,
  secondsEach: { hello: 3, ours: 5, original: 4 },
  warmUpS: 10,
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
 * Reads the command line: `--quick`, `--large`, `--database NAME` and `--size NAME` (both can be repeated), and
 * `--soak MINUTES`. Only a full run, with no option or with `--large`, writes to `bench/`.
 */
export function readOptions(parameters: string[]): Options {
  const { values } = parseArgs({
    args: parameters,
    options: {
      quick: { type: 'boolean', default: false },
      large: { type: 'boolean', default: false },
      database: { type: 'string', multiple: true },
      size: { type: 'string', multiple: true },
      soak: { type: 'string' },
    },
  });
  const { quick, large } = values;
  const defaults = quick ? QUICK : FULL;
  const defaultSizes = quick ? ['S'] : ['S', 'M', ...(large ? ['L'] : [])];
  const sizes = choose('--size', Object.keys(SIZES) as SizeName[], values.size ?? defaultSizes);
  const chosen = choose(
    '--database',
    Object.keys(DATABASES) as DatabaseKind[],
    values.database ?? (quick ? ['mariadb'] : Object.keys(DATABASES)),
  );
  const canRunMysql = existsSync(REAL_MYSQL);
  const isFullRun = !quick && !values.database && !values.size && !values.soak;
  return {
    ...defaults,
    soakMinutes: Number(values.soak ?? defaults.soakMinutes),
    databases: chosen.filter((kind) => kind !== 'mysql' || canRunMysql),
    sizes,
    folder: isFullRun ? 'bench' : '.data/bench',
    remarks:
      chosen.includes('mysql') && !canRunMysql
        ? [`MySQL was not measured, because ${REAL_MYSQL} does not exist.`]
        : [],
  };
}

/** Returns the chosen words in the order of the known ones. */
function choose<Word extends string>(option: string, known: Word[], chosen: string[]): Word[] {
  const unknown = chosen.filter((word) => !(known as string[]).includes(word));
  if (unknown.length > 0) throw new Error(`${option} must be one of ${known.join(', ')}.`);
  return known.filter((word) => chosen.includes(word));
}
