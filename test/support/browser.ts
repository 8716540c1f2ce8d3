import { createServer } from 'node:http';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { beforeAll, expect, inject } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { useCleanup } from './cleanup.ts';
import { listen } from './listen.ts';
import { type MiniTwit, useMiniTwit } from './minitwit.ts';
import { HANG_MS } from './timeouts.ts';

/** MiniTwit on a port, with a browser. */
export interface BrowserMiniTwit extends MiniTwit {
  /** Returns its URL: `http://127.0.0.1:PORT`. */
  url: () => string;
  /** Opens a page without cookies. The test fails if the page sends a request to another host. */
  open: (options?: BrowserContextOptions) => Promise<Page>;
}

/** Serves the real application to Chromium for this file's tests. */
export function useBrowser(settings: Partial<Config> = {}): BrowserMiniTwit {
  const minitwit = useMiniTwit(settings);
  let url: string;
  let browser: Browser;
  const foreignRequests: string[] = [];
  const consoleErrors: string[] = [];
  const defer = useCleanup();
  defer(() => {
    expect(foreignRequests, 'requests to other hosts').toEqual([]);
    expect(consoleErrors, 'errors in the browser’s console').toEqual([]);
  });

  beforeAll(async () => {
    const server = createServer(minitwit.app);
    defer(() => {
      server.closeAllConnections();
      server.close();
    });
    url = `http://127.0.0.1:${await listen(server)}`;
    browser = await chromium.connect(inject('chromium'), { timeout: HANG_MS });
    defer(() => browser.close());
  });

  return {
    ...minitwit,
    url: () => url,
    async open(options = {}) {
      const context = await browser.newContext({ baseURL: url, ...options });
      context.setDefaultTimeout(HANG_MS);
      context.on('request', (request) => {
        const { origin } = new URL(request.url());
        if (request.isNavigationRequest() || origin === new URL(request.frame().url()).origin)
          return;
        foreignRequests.push(request.url());
      });
      const page = await context.newPage();
      page.on('pageerror', (error) => consoleErrors.push(error.message));
      page.on('console', (message) => {
        // The tests open error pages and plain http on purpose. They must not violate the security policy.
        const isExpected =
          /^Failed to load|^The Cross-Origin-Opener-Policy header has been ignored/;
        if (message.type() === 'error' && !isExpected.test(message.text())) {
          consoleErrors.push(message.text());
        }
      });
      return page;
    },
  };
}

/** Registers a user and logs in with the forms. */
export async function signUp(page: Page, username: string): Promise<void> {
  await page.goto('/');
  await page.getByRole('link', { name: 'sign up' }).click();
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Email').fill('someone@example.com');
  await page.getByLabel('Password:', { exact: true }).fill('a password');
  await page.getByLabel('Password (repeat)').fill('a password');
  await page.getByRole('button', { name: 'Sign Up' }).click();
  await expectStatus(page, 'You were successfully registered and can login now');
  await logIn(page, username);
}

/** Logs in with the form. */
export async function logIn(page: Page, username: string, password = 'a password'): Promise<void> {
  await page.goto('/login');
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign In' }).click();
  await expectStatus(page, 'You were logged in');
}

/** Waits for a flash message. */
export async function expectStatus(page: Page, message: string): Promise<void> {
  await page.getByRole('status').filter({ hasText: message }).waitFor();
}

/** Posts a message with the form. */
export async function share(page: Page, text: string): Promise<void> {
  await page.getByLabel("What's on your mind").fill(text);
  await page.getByRole('button', { name: 'Share' }).click();
}

const DESKTOP = { width: 1280, height: 720 };
const PHONE = { width: 320, height: 720 };

/**
 * Expects an accessible page: axe finds no violation on a phone with a dark colour scheme, no low contrast on a
 * desktop with a light one, and the page is not wider than either window. Does not change the fields or the focus.
 */
export async function expectAccessible(page: Page): Promise<void> {
  await page.setViewportSize(PHONE);
  await page.emulateMedia({ colorScheme: 'dark' });
  await expectNoOverflow(page);
  // On the narrow page, targets are close together and regions scroll.
  await expectNoViolations(page, new AxeBuilder({ page }));
  await page.setViewportSize(DESKTOP);
  await page.emulateMedia({ colorScheme: 'light' });
  await expectNoOverflow(page);
  // The wide page differs only in its widths and colours.
  await expectNoViolations(page, new AxeBuilder({ page }).withRules('color-contrast'));
}

async function expectNoViolations(page: Page, axe: AxeBuilder): Promise<void> {
  // The other mode opens a second page for each analysis.
  const { violations } = await axe.setLegacyMode().analyze();
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`,
  );
  expect(found, page.url()).toEqual([]);
}

async function expectNoOverflow(page: Page): Promise<void> {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow, `pixels by which ${page.url()} is wider than the window`).toBe(0);
}
