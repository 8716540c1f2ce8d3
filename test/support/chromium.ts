import { type Browser, type BrowserServer, chromium, type LaunchOptions } from 'playwright-core';
import { findOrUnpack, findProgram } from '../../src/dev/programs.ts';
import { HANG_MS } from './timeouts.ts';

/** Starts a Chromium for one script. It can only connect to this machine. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch(launchOptions());
}

/**
 * Starts a Chromium for several processes, which connect to its `wsEndpoint()`. It can only connect to this machine.
 */
export function serveChromium(): Promise<BrowserServer> {
  return chromium.launchServer({ ...launchOptions(), host: '127.0.0.1' });
}

function launchOptions(): LaunchOptions {
  return {
    executablePath: findChromium(),
    timeout: HANG_MS,
    args: [
      // Neither root in a container nor an unpacked Chromium has the privileges for the sandbox. The tests only open
      // pages of MiniTwit.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      // Other host names do not resolve.
      '--host-resolver-rules=MAP minitwit.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
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
