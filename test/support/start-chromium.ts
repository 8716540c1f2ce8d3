import type { TestProject } from 'vitest/node';
import { serveChromium } from './chromium.ts';

/** Gives the tests of a project one Chromium, which all their files share. */
export default async function startChromium(project: TestProject): Promise<() => Promise<void>> {
  const server = await serveChromium();
  project.provide('chromium', server.wsEndpoint());
  return () => server.close();
}
