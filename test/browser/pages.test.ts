import { expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import {
  expectAccessible,
  expectStatus,
  logIn,
  share,
  signUp,
  useBrowser,
} from '../support/browser.ts';

const { open, user, repositories } = useBrowser();
const NASTY = `<img src=x onerror="document.title='run'"><script>document.title='run'</script> ' " & {{ 7 * 7 }} \u202eevil`;

test('every page without a login is accessible', async () => {
  const page = await open();
  await user('writer').then((writer) => writer.addMessage('a message of the writer'));
  for (const path of [
    '/public',
    '/writer',
    '/login',
    '/register',
    '/nobody',
    '/nobody/follow',
    '/%zz',
  ]) {
    await page.goto(path);
    await expectAccessible(page);
  }
  await page.goto('/login');
  await page.getByRole('button', { name: 'Sign In' }).click();
  await page.getByRole('alert').waitFor();
  await expectAccessible(page);
  await page.goto('/register');
  await page.getByRole('button', { name: 'Sign Up' }).click();
  await page.getByRole('alert').waitFor();
  await expectAccessible(page);
});

test('every page with a login is accessible', async () => {
  const page = await open();
  await signUp(page, 'reader');
  await expectAccessible(page);
  await share(page, 'a short message');
  await expectStatus(page, 'Your message was recorded');
  await expectAccessible(page);
  await share(page, `${'a-very-long-word'.repeat(10)} https://example.com/${'x'.repeat(150)}`);
  await page.getByRole('alert').waitFor();
  await expectAccessible(page);
  await page.goto('/');
  await share(page, `https://example.com/${'x'.repeat(200)}`);
  await expectStatus(page, 'Your message was recorded');
  await expectAccessible(page);
  await page.getByRole('link', { name: 'delete' }).first().click();
  await expectAccessible(page);
  await page.goto('/reader');
  await expectAccessible(page);
  const longest = 'W'.repeat(64);
  await user(longest);
  await page.goto(`/${longest}`);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Follow user', exact: true }).click();
  await expectAccessible(page);
  await page.goto('/public?before=9999999');
  await expectAccessible(page);
  await page.goto('/');
  await page.context().clearCookies();
  await share(page, 'written after the login was over');
  await page.getByRole('heading', { name: 'Please sign in' }).waitFor();
  await expectAccessible(page);
  await page.goto('/login?signed-in');
  await page.getByRole('alert').waitFor();
  await expectAccessible(page);
});

test('every page of the settings is accessible', async () => {
  const page = await open();
  await signUp(page, 'sonja');
  const elsewhere = await open();
  await logIn(elsewhere, 'sonja');
  await page.getByRole('link', { name: 'settings' }).click();
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  await expectAccessible(page);
  for (const [link, button] of [
    ['Change your password', 'Change Password'],
    ['End this session', 'End this session'],
    ['End all other sessions', 'End all other sessions'],
    ['Delete your account', 'Delete Account'],
    ['Export your data', 'Export Your Data'],
  ] as const) {
    await page.goto('/settings');
    await page.getByRole('link', { name: link }).click();
    await expectAccessible(page);
    await page.getByRole('button', { name: button }).click();
    await page.getByRole('alert').waitFor();
    await expectAccessible(page);
  }
});

test('the page of a suspended user is accessible', async () => {
  const page = await open();
  await user('tina');
  const { userId } = (await repositories.profiles.findProfile('tina')) ?? { userId: 0 };
  await repositories.hiddenAuthors.suspend(userId, null, { actor: null, reason: 'spam' });
  await page.goto('/tina');
  await page.getByText('The account “tina” is suspended').waitFor();
  await expectAccessible(page);
  await page.goto('/login');
  await page.getByLabel('Username').fill('tina');
  await page.getByLabel('Password').fill('a password');
  await page.getByRole('button', { name: 'Sign In' }).click();
  await page.getByText('Your account is suspended.').waitFor();
  await expectAccessible(page);
});

test('the question which user posts a message is accessible', async () => {
  const page = await open();
  await signUp(page, 'ruth');
  await user('stefan');
  const other = await page.context().newPage();
  await other.goto('/login');
  expect(new URL(other.url()).pathname).toBe('/');
  await other.getByRole('button', { name: 'sign out [ruth]' }).click();
  await logIn(other, 'stefan');
  await share(page, 'from ruth');
  await page.getByRole('heading', { name: 'Post as stefan?' }).waitFor();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Post as stefan' }).click();
  await expectStatus(page, 'Your message was recorded');
});

test('markup in a message is shown as text and does not run', async () => {
  const writer = await user('mallory');
  await writer.addMessage(NASTY);
  const nastyName = `<b onclick="x">'"&{{ 1 }}`;
  await (await user(nastyName)).addMessage(`@mallory ${NASTY}`);
  const page = await open();
  for (const path of ['/public', '/mallory', `/${encodeURIComponent(nastyName)}`]) {
    await page.goto(path);
    expect(await page.title()).not.toBe('run');
    expect(await page.locator('.text').first().textContent()).toContain('<script>');
    expect(await page.locator('.text img, .text script, b').count()).toBe(0);
  }
  await signUp(page, `${nastyName}2`);
  await page.getByText(`What's on your mind ${nastyName}2?`).waitFor();
  await share(page, `${NASTY}${'x'.repeat(280)}`);
  expect(await page.getByLabel("What's on your mind").inputValue()).toContain('<script>');
  expect(await page.title()).toBe('Error: My Timeline | MiniTwit');
});

test('nothing moves while a page loads', async () => {
  await user('frank').then((frank) => frank.addMessage('still'));
  const page = await open();
  await signUp(page, 'grace');
  await share(page, 'still');
  for (const path of ['/', '/public', '/frank', '/login']) {
    await page.goto(path, { waitUntil: 'networkidle' });
    const shift = await page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          let sum = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[])
              sum += entry.value;
          }).observe({ type: 'layout-shift', buffered: true });
          // Observers run in the next frame.
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
        }),
    );
    expect(shift, path).toBe(0);
  }
});

test('the browser loads style and script once and caches them', async () => {
  const page = await open();
  await signUp(page, 'ivan');
  await page.goto('/', { waitUntil: 'networkidle' });
  const header = page.locator('header');
  const colour = await header.evaluate((element) => getComputedStyle(element).backgroundColor);
  expect(colour).toBe('rgb(110, 204, 196)');
  await page.goto('/', { waitUntil: 'networkidle' });
  const loaded = await page.evaluate(() =>
    (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
      .filter(({ name }) => /\.(?:css|js)$/.test(name))
      .map(({ name, decodedBodySize, transferSize }) => ({
        file: new URL(name).pathname.replace(/\.[0-9a-f]{8}\./, '.HASH.'),
        isEmpty: decodedBodySize === 0,
        transferSize,
      })),
  );
  expect(loaded).toEqual([
    { file: '/static/style.HASH.css', isEmpty: false, transferSize: 0 },
    { file: '/static/counter.HASH.js', isEmpty: false, transferSize: 0 },
    { file: '/static/draft.HASH.js', isEmpty: false, transferSize: 0 },
    { file: '/static/local-times.HASH.js', isEmpty: false, transferSize: 0 },
  ]);
});

test('the keyboard reaches every control, and the focus is visible', async () => {
  const page = await open();
  await signUp(page, 'heidi');
  await page.goto('/');
  const reached: string[] = [];
  for (let presses = 0; presses < 8; presses++) {
    await page.keyboard.press('Tab');
    const { name, outline } = await focused(page);
    reached.push(name);
    expect(outline, name).toBeGreaterThan(0);
  }
  expect(reached).toEqual([
    'Skip to the content',
    'MiniTwit',
    'my timeline',
    'public timeline',
    'settings',
    'sign out [heidi]',
    'textarea',
    'Share',
  ]);
});

async function focused(page: Page): Promise<{ name: string; outline: number }> {
  return page.evaluate(() => {
    const element = document.activeElement ?? document.body;
    const name = element.textContent.trim() || element.localName;
    return { name, outline: parseFloat(getComputedStyle(element).outlineWidth) };
  });
}
