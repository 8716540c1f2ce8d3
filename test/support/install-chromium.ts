import type { TestProject } from 'vitest/node';
import { findProgram, installPackage } from '../../src/apt.ts';

/** Gives the tests the path of a Chromium, which is installed where Debian's apt-get can do it. */
export default function installChromium(project: TestProject): void {
  project.provide('chromium', findChromium());
}

/** The path of a Chromium. Fails with what to do where there is none and none can be installed. */
export function findChromium(): string {
  const found = findProgram('chromium');
  if (found) return found;
  const problem = installPackage('chromium');
  const installed = findProgram('chromium');
  if (installed) return installed;
  throw new Error(`The tests need Chromium, and it could not be installed: ${problem}.`);
}
