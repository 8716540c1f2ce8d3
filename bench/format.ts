/** Returns a Markdown table. The names of the columns are separated by bars. */
export function formatTable(names: string, rows: string[][]): string {
  const columns = names.split('|').map((name) => name.trim());
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const rule = columns.map((_, at) => (at === 0 ? '---' : '---:'));
  return [line(columns), line(rule), ...rows.map(line)].join('\n');
}

/** Returns an integer with separators between thousands. */
export function formatInteger(number: number): string {
  return number.toLocaleString('en-GB');
}

/** Returns a number of events a second. */
export function formatRate(perS: number): string {
  return perS < 10 ? perS.toFixed(1) : formatInteger(Math.round(perS));
}

/** Returns a duration in milliseconds, without the unit. */
export function formatMs(duration: number): string {
  return duration < 10 ? duration.toFixed(1) : formatInteger(Math.round(duration));
}

/** Returns a factor with its sign. */
export function formatFactor(factor: number): string {
  return `${factor < 10 ? factor.toFixed(2) : formatInteger(Math.round(factor))} x`;
}

const SERVER_NAMES = { mariadb: 'MariaDB', mysql: 'MySQL' };

/** Returns the name of a kind of database server. */
export function formatServerKind(kind: keyof typeof SERVER_NAMES): string {
  return SERVER_NAMES[kind];
}

/** Returns a database server's name and version. */
export function formatServer({
  kind,
  version,
}: {
  kind: keyof typeof SERVER_NAMES;
  version: string;
}): string {
  return `${SERVER_NAMES[kind]} ${/^[\d.]+/.exec(version)?.[0] ?? version}`;
}

/** Returns whether a target is met. */
export function formatVerdict(isMet: boolean): string {
  return isMet ? 'met' : '**missed**';
}
