import type { CDPSession, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { expectAccessible, expectStatus, signUp, useBrowser } from '../support/browser.ts';

const { open, url } = useBrowser();

interface VirtualAuthenticator {
  /** Makes the authenticator verify its user, or not. */
  setUserVerified: (isUserVerified: boolean) => Promise<void>;
  countCredentials: () => Promise<number>;
}

/** Opens a page on localhost, whose device verifies its user without a question. */
async function openWithAuthenticator(
  options: Parameters<typeof open>[0] = {},
): Promise<{ page: Page; authenticator: VirtualAuthenticator }> {
  // Browsers offer no passkeys on IP addresses.
  const page = await open({ baseURL: url().replace('127.0.0.1', 'localhost'), ...options });
  const client: CDPSession = await page.context().newCDPSession(page);
  await client.send('WebAuthn.enable');
  const { authenticatorId } = await client.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    page,
    authenticator: {
      setUserVerified: async (isUserVerified) => {
        await client.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
      },
      countCredentials: async () => {
        const { credentials } = await client.send('WebAuthn.getCredentials', { authenticatorId });
        return credentials.length;
      },
    },
  };
}

/** Enters the name and the password. */
async function startCreation(page: Page, name: string): Promise<void> {
  await page.goto('/settings/passkeys');
  await page.getByRole('link', { name: 'Add a passkey' }).click();
  await page.getByLabel('Name of the passkey').fill(name);
  await page.getByLabel('Your password').fill('a password');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Create the Passkey' }).waitFor();
}

test.each([
  ['petra', 360, 'dark'],
  ['paula', 1280, 'light'],
] as const)(
  '%s adds a passkey at %i px (%s), logs in with it, and removes it',
  async (username, width, colorScheme) => {
    const viewport = { width, height: 640 };
    const { page, authenticator } = await openWithAuthenticator({ viewport, colorScheme });
    await signUp(page, username);
    await page.getByRole('link', { name: 'settings' }).click();
    await page.getByRole('link', { name: 'Sign in without a password' }).click();
    await page.getByText('You have no passkeys.').waitFor();
    await startCreation(page, 'my laptop');
    await page.getByRole('button', { name: 'Create the Passkey' }).click();
    await expectStatus(page, 'The passkey was added');
    await page.getByText('my laptop').waitFor();
    expect(await authenticator.countCredentials()).toBe(1);

    await startCreation(page, 'once more');
    await page.getByRole('button', { name: 'Create the Passkey' }).click();
    await page.getByRole('alert').filter({ hasText: 'already has a passkey' }).waitFor();

    await page.getByRole('button', { name: 'sign out' }).click();
    await page.goto('/login');
    await authenticator.setUserVerified(false);
    await page.getByRole('button', { name: 'Use a Passkey' }).click();
    await page.getByRole('alert').filter({ hasText: 'did not use a passkey' }).waitFor();
    await authenticator.setUserVerified(true);
    await page.getByRole('button', { name: 'Use a Passkey' }).click();
    await expectStatus(page, 'You were logged in');
    await page.getByText(`What's on your mind ${username}?`).waitFor();

    await page.goto('/settings/passkeys');
    await page.getByRole('link', { name: 'Remove this passkey' }).click();
    await page.getByLabel('Your password').fill('a password');
    await page.getByRole('button', { name: 'Remove It' }).click();
    await expectStatus(page, 'The passkey was removed');
    await page.getByRole('button', { name: 'sign out' }).click();
    await page.goto('/login');
    await page.getByRole('button', { name: 'Use a Passkey' }).click();
    await page.getByRole('alert').filter({ hasText: 'did not accept this passkey' }).waitFor();
  },
);

test('a draft survives a login with a passkey', async () => {
  const { page } = await openWithAuthenticator();
  await signUp(page, 'dieter');
  await startCreation(page, 'a phone');
  await page.getByRole('button', { name: 'Create the Passkey' }).click();
  await expectStatus(page, 'The passkey was added');
  await page.goto('/');
  await page.getByLabel("What's on your mind").fill('written before the session ended');
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Share' }).click();
  await page.getByRole('heading', { name: 'Please sign in' }).waitFor();
  await page.getByLabel('What you wrote').fill('and edited');
  await page.getByRole('button', { name: 'Use a Passkey' }).click();
  await expectStatus(page, 'You were logged in');
  expect(await page.getByLabel("What's on your mind").inputValue()).toBe('and edited');
});

test('every page about passkeys is accessible', async () => {
  const { page } = await openWithAuthenticator();
  await signUp(page, 'axel');
  await page.goto('/settings/passkeys/add');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('alert').waitFor();
  await expectAccessible(page);
  await startCreation(page, 'W'.repeat(64));
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Create the Passkey' }).click();
  await expectStatus(page, 'The passkey was added');
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Remove this passkey' }).click();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Remove It' }).click();
  await page.getByRole('alert').waitFor();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'sign out' }).click();
  await page.goto('/login');
  await page.getByRole('button', { name: 'Use a Passkey' }).waitFor();
  await expectAccessible(page);
});

test('without JavaScript or on an IP address, pages have no buttons for passkeys, and give the reason', async () => {
  const scriptless = await open({ javaScriptEnabled: false });
  await signUp(scriptless, 'nils');
  await startCreation(scriptless, 'a phone');
  expect(await scriptless.getByRole('button', { name: 'Create the Passkey' }).count()).toBe(0);
  // Playwright's browsers without JavaScript do not show this element.
  expect(await scriptless.content()).toContain(
    '<noscript><p class="error">Passkeys need JavaScript.',
  );
  await scriptless.getByRole('button', { name: 'sign out' }).click();
  const page = await open();
  for (const each of [scriptless, page]) {
    await each.goto('/login', { waitUntil: 'networkidle' });
    expect(await each.getByRole('button', { name: 'Use a Passkey' }).count()).toBe(0);
    expect(await each.getByRole('button', { name: 'Sign In' }).count()).toBe(1);
  }
  await signUp(page, 'nele');
  await startCreation(page, 'a phone');
  await page.getByRole('alert').filter({ hasText: 'Passkeys do not work here.' }).waitFor();
  expect(await page.getByRole('button', { name: 'Create the Passkey' }).count()).toBe(0);
});
