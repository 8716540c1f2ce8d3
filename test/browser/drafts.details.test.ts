import type { BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { expectStatus, share, signUp, useBrowser } from '../support/browser.ts';
import { HANG_MS } from '../support/timeouts.ts';

// Pages of a user who is signed in are `no-store`, and the driver of these tests turns the back/forward cache off.
const { open, visitor } = useBrowser();
const WAIT = { timeout: HANG_MS };
const TOO_MUCH = `${'much '.repeat(13_200)}text`;

function box(page: Page) {
  return page.getByLabel("What's on your mind");
}

describe.each([
  { name: 'with JavaScript', javaScriptEnabled: true },
  { name: 'without JavaScript', javaScriptEnabled: false },
])('$name', ({ javaScriptEnabled }) => {
  const suffix = javaScriptEnabled ? 'with' : 'without';
  const options: BrowserContextOptions = { javaScriptEnabled };

  test('the box has an overlong text again after Back', async () => {
    const page = await open(options);
    await signUp(page, `alice ${suffix}`);
    await share(page, TOO_MUCH);
    await page.getByRole('heading', { name: 'That is too much' }).waitFor();
    await page.goBack();
    expect(await box(page).inputValue()).toBe(TOO_MUCH);
  });

  test('the box has the text again after a link and Back', async () => {
    const page = await open(options);
    await signUp(page, `bob ${suffix}`);
    await box(page).fill('half a sentence');
    await page.getByRole('link', { name: 'public timeline' }).click();
    await page.getByRole('heading', { name: 'Public Timeline' }).waitFor();
    await page.goBack();
    expect(await box(page).inputValue()).toBe('half a sentence');
  });
});

test('the counter counts the text that Back put into the box', async () => {
  const page = await open();
  await signUp(page, 'carol');
  await share(page, TOO_MUCH);
  await page.getByRole('heading', { name: 'That is too much' }).waitFor();
  await page.goBack();
  const note = `${TOO_MUCH.length - 280} characters too many`;
  await expect.poll(() => page.locator('#text-limit').textContent(), WAIT).toBe(note);
});

test('the link on the error page restores the refused text', async () => {
  const page = await open();
  await signUp(page, 'dave');
  await share(page, TOO_MUCH);
  await page.getByRole('link', { name: 'your timeline' }).click();
  await expect.poll(() => box(page).inputValue(), WAIT).toBe(TOO_MUCH);
});

test('the box is empty after a post', async () => {
  const page = await open();
  await signUp(page, 'erin');
  await share(page, 'posted');
  await expectStatus(page, 'Your message was recorded');
  expect(await box(page).inputValue()).toBe('');
  await page.getByRole('link', { name: 'my timeline' }).click();
  expect(await page.getByRole('status').count()).toBe(0);
  expect(await box(page).inputValue()).toBe('');
});

test('the box is empty after a post whose flash message appeared in another tab', async () => {
  const page = await open();
  await signUp(page, 'karl');
  const other = await page.context().newPage();
  // The answer to the post waits until the other tab has consumed the flash.
  await page.route('**/add_message', async (route) => {
    const response = await route.fetch({ maxRedirects: 0 });
    await other.goto('/');
    await expectStatus(other, 'Your message was recorded');
    await route.fulfill({ status: response.status(), headers: { location: '/' } });
  });
  await share(page, 'posted once');
  await page.getByText('posted once').waitFor();
  expect(await page.getByRole('status').count()).toBe(0);
  expect(await box(page).inputValue()).toBe('');
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
});

test('the box has a refused text again after the author posts in another tab', async () => {
  const page = await open();
  await signUp(page, 'ludwig');
  await share(page, TOO_MUCH);
  await page.getByRole('heading', { name: 'That is too much' }).waitFor();
  const other = await page.context().newPage();
  await other.goto('/');
  // The flash message of this post appears in the other tab.
  await other.route('**/add_message', async (route) => {
    await route.fetch({ maxRedirects: 0 });
    await route.abort();
  });
  await share(other, 'something else');
  await expect
    .poll(async () => (await page.context().cookies()).map(({ name }) => name), WAIT)
    .toContain('flash');
  await page.getByRole('link', { name: 'your timeline' }).click();
  await expectStatus(page, 'Your message was recorded');
  await expect.poll(() => box(page).inputValue(), WAIT).toBe(TOO_MUCH);
});

test('the box has a refused text again after the author deletes another message', async () => {
  const page = await open();
  await signUp(page, 'sonja');
  await share(page, 'short');
  await expectStatus(page, 'Your message was recorded');
  await share(page, TOO_MUCH);
  await page.getByRole('heading', { name: 'That is too much' }).waitFor();
  await page.goto('/sonja');
  await page.getByRole('link', { name: 'delete' }).click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await expectStatus(page, 'Your message was deleted');
  await expect.poll(() => box(page).inputValue(), WAIT).toBe(TOO_MUCH);
});

describe('the stored text is removed when another user of the tab posts it', () => {
  const stored = (page: Page) => page.evaluate(() => Object.keys(sessionStorage));

  test('after the question which user posts it', async () => {
    const page = await open();
    await signUp(page, 'martha');
    const other = await page.context().newPage();
    await other.goto('/');
    await other.getByRole('button', { name: 'sign out [martha]' }).click();
    await signUp(other, 'norbert');
    await share(page, 'from both');
    await page.getByRole('button', { name: 'Post as norbert' }).click();
    await expectStatus(page, 'Your message was recorded');
    await expect.poll(() => stored(page), WAIT).toEqual([]);
  });

  test('after a login with the text', async () => {
    await visitor().register('otto', 'a password');
    const page = await open();
    await signUp(page, 'paula');
    await page.context().clearCookies();
    await share(page, 'from both');
    await page.getByLabel('Username').fill('otto');
    await page.getByLabel('Password').fill('a password');
    await page.getByRole('button', { name: 'Sign In' }).click();
    await expectStatus(page, 'You were logged in');
    await expect.poll(() => stored(page), WAIT).toEqual(['draft of otto']);
    expect(await box(page).inputValue()).toBe('from both');
    await page.getByRole('button', { name: 'Share' }).click();
    await expectStatus(page, 'Your message was recorded');
    await expect.poll(() => stored(page), WAIT).toEqual([]);
  });
});

test('the author sees the text again if the other user does not post it', async () => {
  const page = await open();
  await signUp(page, 'quirin');
  const other = await page.context().newPage();
  await other.goto('/');
  await other.getByRole('button', { name: 'sign out [quirin]' }).click();
  await signUp(other, 'rosa');
  await share(page, 'from quirin');
  await page.getByRole('heading', { name: 'Post as rosa?' }).waitFor();
  await other.getByRole('button', { name: 'sign out [rosa]' }).click();
  await page.goto('/login');
  await page.getByLabel('Username').fill('quirin');
  await page.getByLabel('Password').fill('a password');
  await page.getByRole('button', { name: 'Sign In' }).click();
  await expectStatus(page, 'You were logged in');
  await expect.poll(() => box(page).inputValue(), WAIT).toBe('from quirin');
});

test('another user of the same tab does not see the text', async () => {
  await visitor().register('grace', 'a password');
  const page = await open();
  await signUp(page, 'frank');
  await box(page).fill('a secret of frank');
  await page.context().clearCookies();
  await page.goto('/login');
  await page.getByLabel('Username').fill('grace');
  await page.getByLabel('Password').fill('a password');
  await page.getByRole('button', { name: 'Sign In' }).click();
  await expectStatus(page, 'You were logged in');
  expect(await box(page).inputValue()).toBe('');
});

test('a logout removes the text', async () => {
  const page = await open();
  await signUp(page, 'heidi');
  await box(page).fill('not for long');
  expect(await page.evaluate(() => sessionStorage.length)).toBe(1);
  await page.getByRole('button', { name: 'sign out [heidi]' }).click();
  await expectStatus(page, 'You were logged out');
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
});

test('a login names the user that it logs out in the other tab', async () => {
  await visitor().register('judy', 'a password');
  const page = await open();
  await page.goto('/login');
  const other = await page.context().newPage();
  await signUp(other, 'ivan');
  await page.getByLabel('Username').fill('judy');
  await page.getByLabel('Password').fill('a password');
  await page.getByRole('button', { name: 'Sign In' }).click();
  await expectStatus(page, 'You were logged in, and ivan was logged out');
  await page.getByRole('button', { name: 'sign out [judy]' }).waitFor();
});
