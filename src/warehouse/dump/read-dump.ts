import { type Readable, addAbortSignal, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { OperatorError } from '../../errors/operator-error.ts';
import {
  type TableChecksums,
  type DumpHeader,
  ENDING,
  PREPARATION,
  isInsert,
  parseLastLine,
  parseHeader,
} from './format.ts';

// A statement of ours is a quarter of that.
const LINE_MAX_CHARACTERS = 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/** A dump, which can be read several times. */
export interface Dump {
  /** Where it is, for people. */
  name: string;
  /** Gives it from its beginning, as it is stored. */
  open: () => Promise<Readable>;
}

/** A line of a dump that means something to who restores it. */
export type DumpLine =
  | { kind: 'header'; header: DumpHeader }
  | { kind: 'insert'; sql: string }
  | { kind: 'complete'; contents: TableChecksums };

/**
 * Reads a dump: its header, the statements that insert, and in the end what it holds; without that end, it throws.
 * @throws OperatorError, one line, when it is damaged or cut off, and when a line of it is none that
 *   `createDump` could have written
 */
export async function* readDump(dump: Dump, signal: AbortSignal): AsyncGenerator<DumpLine> {
  const stored = addAbortSignal(signal, await dump.open());
  const text = pipeline(stored, createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined);
  try {
    yield* parseLines(splitLines(text.setEncoding('utf8')));
  } catch (error) {
    signal.throwIfAborted();
    throw new OperatorError(`The dump ${dump.name} cannot be used: ${formatReason(error)}.`, {
      cause: error,
    });
  } finally {
    stored.destroy();
  }
}

async function* parseLines(lines: AsyncGenerator<string>): AsyncGenerator<DumpLine> {
  const header = parseHeader(await nextLine(lines));
  yield { kind: 'header', header };
  for (const expected of PREPARATION) {
    if ((await nextLine(lines)) !== expected) throw new OperatorError(`"${expected}" is missing`);
  }
  for (;;) {
    const line = await nextLine(lines);
    if (line === ENDING) break;
    if (!isInsert(line)) {
      const start = JSON.stringify(line.slice(0, 60));
      throw new OperatorError(`it holds what is not rows of our tables, at ${start}`);
    }
    yield { kind: 'insert', sql: line };
  }
  const contents = parseLastLine(await nextLine(lines));
  for (const [table, { total }] of Object.entries(contents)) {
    if (header.rows[table] === total) continue;
    throw new OperatorError(`its first and last line do not agree about ${table}`);
  }
  yield { kind: 'complete', contents };
  // gzip's own checksum stands at the end, and is looked at when that is read
  if (!(await lines.next()).done) throw new OperatorError('something follows its last line');
}

async function nextLine(lines: AsyncGenerator<string>): Promise<string> {
  const { value, done } = await lines.next();
  if (done) throw new OperatorError('its end is missing');
  return value;
}

/** Lines by \n alone, unlike node:readline's: text may hold what Unicode calls a line separator. */
async function* splitLines(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of text) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_MAX_CHARACTERS) throw new OperatorError('it has a line without an end');
    yield* lines;
  }
  if (rest !== '') throw new OperatorError('its end is missing');
}

function formatReason(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') return 'its end is missing';
  return code.startsWith('Z_') ? `it is damaged (${message})` : message;
}
