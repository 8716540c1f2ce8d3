import { afterAll, afterEach } from 'vitest';
import { assertAllEnded } from './at-end.ts';
import { killPrograms } from './programs.ts';

// Before each file of tests, this module runs anew. What it imports is loaded once for all files of a worker.
afterEach(killPrograms);
// The hook that is registered first runs last.
afterAll(assertAllEnded);
