import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { TABLES } from '../../src/warehouse/copy/tables.ts';
import { findTool } from '../../test/support/tools.ts';

const run = promisify(execFile);
const NAMES = TABLES.map(({ name }) => name);

/** The duration of a copy by other programs, and the largest peak of their memory. */
export interface ToolResult {
  seconds: number;
  peakMb: number;
}

/** Other programs that copy a database, by name, with their shell commands. */
export const TOOLS = {
  'mysqldump | mysql': {
    packages: { 'mariadb-dump': 'mariadb-client', mariadb: 'mariadb-client' },
    script: `
      MYSQL_PWD=$FROM_PASSWD $time -o 1 mariadb-dump -h $FROM_HOST -P $FROM_PORT -u $FROM_USER \
        --single-transaction --no-tablespaces $FROM_NAME ${NAMES.join(' ')} |
      MYSQL_PWD=$TO_PASSWD $time -o 2 mariadb -h $TO_HOST -P $TO_PORT -u $TO_USER $TO_NAME`,
  },
  'mydumper, myloader': {
    packages: { mydumper: 'mydumper', myloader: 'mydumper' },
    // The default number of threads, and no lock, which would need more privileges than reading.
    script: `
      $time -o 1 mydumper -h $FROM_HOST -P $FROM_PORT -u $FROM_USER -p $FROM_PASSWD -B $FROM_NAME \
        -T ${NAMES.join(',')} --no-locks -o dump
      $time -o 2 myloader -h $TO_HOST -P $TO_PORT -u $TO_USER -p $TO_PASSWD -B $TO_NAME -d dump \
        --overwrite-tables`,
  },
} as const;

/** Copies into an empty database with one of the TOOLS. */
export async function copyWith(
  name: keyof typeof TOOLS,
  source: DatabaseConfig,
  target: DatabaseConfig,
): Promise<ToolResult> {
  const { packages, script } = TOOLS[name];
  const paths = Object.entries(packages).map(([program, packageName]) =>
    dirname(findTool(program, packageName)),
  );
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-bench-tools-'));
  const env = {
    ...process.env,
    // A program that is not installed was unpacked into a folder of its own.
    PATH: [...paths, process.env.PATH].join(delimiter),
    ...environmentOf('FROM', source),
    ...environmentOf('TO', target),
    time: `${findTool('time')} -f %M`,
  };
  const startedAtMs = performance.now();
  await run('bash', ['--norc', '-euo', 'pipefail', '-c', script], { cwd: folder, env });
  const seconds = (performance.now() - startedAtMs) / 1000;
  const peaksKb = await Promise.all(['1', '2'].map((file) => readFile(join(folder, file), 'utf8')));
  await rm(folder, { recursive: true });
  return { seconds, peakMb: Math.max(...peaksKb.map(Number)) / 1024 };
}

function environmentOf(prefix: string, config: DatabaseConfig): Record<string, string> {
  const { host, port, user, password, name } = config;
  const values = { HOST: host, PORT: String(port), USER: user, PASSWD: password, NAME: name };
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [`${prefix}_${key}`, value]),
  );
}
