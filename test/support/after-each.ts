import { afterAll, afterEach } from 'vitest';
import { assertCleanedUp } from './cleanup.ts';
import { killPrograms } from './programs.ts';

// Before each file of tests, this module runs again. What it imports is loaded once for all files of a worker.
afterEach(killPrograms);
// The hook that is registered first runs last, after all cleanups.
afterAll(assertCleanedUp);
