import { type Browser, type BrowserServer, chromium, type LaunchOptions } from 'playwright-core';
import { findOrUnpack, findProgram } from '../../src/dev/programs.ts';
import { HANG_MS } from './timeouts.ts';

/** Starts a Chromium that connects to this machine alone, for one script. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch(launchOptions());
}

/** Starts such a Chromium for several processes, which connect to its `wsEndpoint()`. */
export function serveChromium(): Promise<BrowserServer> {
  return chromium.launchServer({ ...launchOptions(), host: '127.0.0.1' });
}

function launchOptions(): LaunchOptions {
  return {
    executablePath: findChromium(),
    timeout: HANG_MS,
    args: [
      // Chromium's sandbox needs a privilege that neither root in a container nor an unpacked Chromium has. The tests
      // show it pages of our own alone.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      // No other name resolves, whatever a page asks for.
      '--host-resolver-rules=MAP minitwit.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  };
}

function findChromium(): string {
  const installed = findProgram('chromium') ?? findProgram('google-chrome');
  return (
    installed ??
    findOrUnpack(
      'chromium',
      'chromium',
      (reason) => `The tests need Chromium or Google Chrome, and ${reason}.
Install it as /usr/bin/chromium or /usr/bin/google-chrome.`,
    )
  );
}
