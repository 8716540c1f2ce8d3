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

  test('a text that is far too much is in the box again after Back', async () => {
    const page = await open(options);
    await signUp(page, `alice ${suffix}`);
    await share(page, TOO_MUCH);
    await page.getByRole('heading', { name: 'That is too much' }).waitFor();
    await page.goBack();
    expect(await box(page).inputValue()).toBe(TOO_MUCH);
  });

  test('a text is in the box again after a link and Back', async () => {
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

test('a text is in the box again by the link of the page that refused it', async () => {
  const page = await open();
  await signUp(page, 'dave');
  await share(page, TOO_MUCH);
  await page.getByRole('link', { name: 'your timeline' }).click();
  await expect.poll(() => box(page).inputValue(), WAIT).toBe(TOO_MUCH);
});

test('a text that was posted is not in the box again', async () => {
  const page = await open();
  await signUp(page, 'erin');
  await share(page, 'posted');
  await expectStatus(page, 'Your message was recorded');
  expect(await box(page).inputValue()).toBe('');
  await page.getByRole('link', { name: 'my timeline' }).click();
  expect(await page.getByRole('status').count()).toBe(0);
  expect(await box(page).inputValue()).toBe('');
});

test('a text that was posted is not in the box again when another tab has shown that it was recorded', async () => {
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

test('a text that was refused is in the box again after another post of its author in another tab', async () => {
  const page = await open();
  await signUp(page, 'ludwig');
  await share(page, TOO_MUCH);
  await page.getByRole('heading', { name: 'That is too much' }).waitFor();
  const other = await page.context().newPage();
  await other.goto('/');
  // The flash of this post is shown in the other tab's place.
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

test('a text that was refused is in the box again after its author has deleted another message', async () => {
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

describe('a text that another user of the same tab posts is not stored any more', () => {
  const stored = (page: Page) => page.evaluate(() => Object.keys(sessionStorage));

  test('after the question who posts it', async () => {
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

test('a text that was not posted as another user is in the box again for its author', async () => {
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

test('a text is not in the box of another user of the same tab', async () => {
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

test('a logout forgets the text', async () => {
  const page = await open();
  await signUp(page, 'heidi');
  await box(page).fill('not for long');
  expect(await page.evaluate(() => sessionStorage.length)).toBe(1);
  await page.getByRole('button', { name: 'sign out [heidi]' }).click();
  await expectStatus(page, 'You were logged out');
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
});

test('a login names the user whom it logged out in the other tab', async () => {
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
