import { afterEach } from 'vitest';
import { killPrograms } from './programs.ts';

// Before each file of tests, this module runs anew. What it imports is loaded once for all files of a worker.
afterEach(killPrograms);
