import { pbkdf2 } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { startMariadbProcess } from '../../../src/dev/mariadb/mariadb-process.ts';

// Each hash takes longer than /bin/false.
const HASH_ROUNDS = 10_000;
const HANGING_SERVER = ['-c', 'exec sleep 1000', 'mariadbd'];

const hash = promisify(pbkdf2);

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-process-'));
});

afterEach(() => rm(folder, { recursive: true }));

const start = (program: string, options: string[] = []) =>
  startMariadbProcess(program, options, {
    log: join(folder, 'mariadb.log'),
    pid: join(folder, 'mariadb.pid'),
  });

/** Hashes on all threads that also open and close files, until the test ends. */
function occupyThreads(): void {
  const end = new AbortController();
  const hashAgain = async () => {
    while (!end.signal.aborted) await hash('', '', HASH_ROUNDS, 64, 'sha512');
  };
  const work = Promise.all(Array.from({ length: 8 }, hashAgain));
  onTestFinished(async () => {
    end.abort();
    await work;
  });
}

test('notices a server that ends while its log is being closed', async () => {
  occupyThreads();
  const server = await start('/bin/false');
  await server.ended;
  await expect(server.waitUntilListening(100_000)).rejects.toThrow('mariadbd has ended.');
});

test('notices a server that cannot be executed', async () => {
  const server = await start(join(folder, 'missing'));
  await expect(server.waitUntilListening(100_000)).rejects.toThrow('mariadbd has ended.');
  await server.stop();
});

test('kills a server that does not listen in time, and names its process', async () => {
  const server = await start('/bin/sh', HANGING_SERVER);
  await expect(server.waitUntilListening(100)).rejects.toThrow(
    /^MariaDB \(process \d+\) did not listen within 0\.1 s\.$/,
  );
  await server.ended;
});

test('stops waiting when the start is aborted', async () => {
  const server = await start('/bin/sh', HANGING_SERVER);
  const stop = new AbortController();
  const listening = server.waitUntilListening(100_000, stop.signal);
  stop.abort();
  await expect(listening).rejects.toThrow(/abort/i);
  await server.stop();
});
