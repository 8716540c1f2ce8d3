import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { SIZES, type SizeName } from './data.ts';
import { DATABASES, type DatabaseKind, REAL_MYSQL } from './databases.ts';

/** What is measured, and for how long. */
export interface Options {
  databases: DatabaseKind[];
  sizes: SizeName[];
  rounds: number;
  /** Of each page in each round; the original's pages take longer, and there are fewer of them. */
  secondsEach: { hello: number; ours: number; original: number };
  warmUpS: number;
  /** Of what is measured while people log in. */
  stormS: number;
  /** How many older pages to look up for each kind of page. */
  links: number;
  soakMinutes: number;
  /** Where the results go. */
  folder: string;
  /** What was left out, and why. */
  remarks: string[];
}

const FULL = {
  rounds: 3,
  secondsEach: { hello: 3, ours: 5, original: 4 },
  warmUpS: 10,
  stormS: 10,
  links: 5000,
  soakMinutes: 10,
};
const QUICK = {
  rounds: 1,
  secondsEach: { hello: 1, ours: 1, original: 1 },
  warmUpS: 1,
  stormS: 2,
  links: 500,
  soakMinutes: 0,
};

/**
 * Reads the command line: everything by default; `--quick`, `--large`, `--database NAME` and `--size NAME`
 * (these two as often as wanted), `--soak MINUTES`. Only a run of everything replaces the results that are
 * kept.
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
  const usual = quick ? QUICK : FULL;
  const usualSizes = quick ? ['S'] : ['S', 'M', ...(large ? ['L'] : [])];
  const sizes = choose('--size', Object.keys(SIZES) as SizeName[], values.size ?? usualSizes);
  const wanted = choose(
    '--database',
    Object.keys(DATABASES) as DatabaseKind[],
    values.database ?? (quick ? ['mariadb'] : Object.keys(DATABASES)),
  );
  const canRunMysql = existsSync(REAL_MYSQL);
  const isWhole = !quick && !values.database && !values.size && !values.soak;
  return {
    ...usual,
    soakMinutes: Number(values.soak ?? usual.soakMinutes),
    databases: wanted.filter((kind) => kind !== 'mysql' || canRunMysql),
    sizes,
    folder: isWhole ? 'bench' : '.data/bench',
    remarks:
      wanted.includes('mysql') && !canRunMysql
        ? [`MySQL was not measured: there is no ${REAL_MYSQL}.`]
        : [],
  };
}

/** Those of the known words that were chosen, in their own order. */
function choose<Word extends string>(option: string, known: Word[], chosen: string[]): Word[] {
  const unknown = chosen.filter((word) => !(known as string[]).includes(word));
  if (unknown.length > 0) throw new Error(`${option} must be one of: ${known.join(', ')}`);
  return known.filter((word) => chosen.includes(word));
}
