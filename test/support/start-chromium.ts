import type { TestProject } from 'vitest/node';
import { serveChromium } from './chromium.ts';

/** Provides one Chromium to all test files of a project. */
export default async function startChromium(project: TestProject): Promise<() => Promise<void>> {
  const server = await serveChromium();
  project.provide('chromium', server.wsEndpoint());
  return () => server.close();
}
