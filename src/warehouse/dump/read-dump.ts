import { type Readable, addAbortSignal, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { OperatorError } from '../../errors/operator-error.ts';
import {
  type TableChecksums,
  type DumpHeader,
  ENDING,
  PREPARATION,
  findInsertedTable,
  parseLastLine,
  parseHeader,
} from './format.ts';

// A statement of a dump has at most a quarter of this.
const LINE_MAX_CHARACTERS = 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/** A dump that can be read several times. */
export interface Dump {
  /** The path or address, for messages. */
  name: string;
  /** Opens the stored bytes from the beginning. */
  open: () => Promise<Readable>;
}

/** A line of a dump that a restore needs. */
export type DumpLine =
  | { kind: 'header'; header: DumpHeader }
  | { kind: 'insert'; table: string; sql: string }
  | { kind: 'complete'; contents: TableChecksums };

/**
 * Reads the header, the inserts and the checksums of a dump.
 * @throws OperatorError, one line, if the dump is damaged or incomplete, or has a line that `createDump` does not write
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
    const table = findInsertedTable(line, header.format);
    if (table === null) {
      const start = JSON.stringify(line.slice(0, 60));
      throw new OperatorError(`it has a line that does not insert rows, at ${start}`);
    }
    yield { kind: 'insert', table, sql: line };
  }
  const contents = parseLastLine(await nextLine(lines), header.format);
  for (const [table, { total }] of Object.entries(contents)) {
    if (header.rows[table] === total) continue;
    throw new OperatorError(`its first and last line do not agree about ${table}`);
  }
  yield { kind: 'complete', contents };
  // Reading to the end verifies gzip's checksum.
  if (!(await lines.next()).done) throw new OperatorError('it has data after its last line');
}

async function nextLine(lines: AsyncGenerator<string>): Promise<string> {
  const { value, done } = await lines.next();
  if (done) throw new OperatorError('its end is missing');
  return value;
}

/** Splits at \n only. node:readline also splits at Unicode's line separators, which messages may have. */
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
