import type { TestProject } from 'vitest/node';
import { findOrInstall } from '../../src/apt.ts';

/** Gives the tests the path of a Chromium. */
export default function installChromium(project: TestProject): void {
  project.provide('chromium', findChromium());
}

/** The path of a Chromium, which is installed where Debian's apt-get can do it. */
export function findChromium(): string {
  return findOrInstall(
    'chromium',
    'chromium',
    (problem) => `The tests need Chromium, and it could not be installed: ${problem}.
Install it, so that it is called \`chromium\`; or run \`npx vitest --project mariadb\`, which does without.`,
  );
}
