import type { Locator, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { expectAccessible, useBrowser } from '../support/browser.ts';

const { open, user } = useBrowser();

/** Returns where an element is, in pixels. */
async function box(element: Locator) {
  const bounds = await element.boundingBox();
  if (!bounds) throw new Error('The element is not shown.');
  return bounds;
}

/** Returns a page of a user who has posted one message and is logged in. */
async function openOwnMessage(username: string, text: string): Promise<Page> {
  const writer = await user(username);
  await writer.addMessage(text);
  const page = await open({ viewport: { width: 320, height: 720 } });
  await page.goto('/login');
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill('a password');
  await page.getByRole('button', { name: 'Sign In' }).click();
  await page.getByText('You were logged in').waitFor();
  await page.goto(`/${username}`);
  return page;
}

test.each([
  ['mallory1', 'an override', 'Look \u202eevil'],
  ['mallory2', 'an isolate', '\u2067evil'],
  ['mallory3', 'an end of isolates, and an override', '\u2069\u2069\u202eevil'],
  ['mallory4', 'an end of embeddings, and an override', '\u202c\u202c\u202eevil'],
  ['mallory5', 'several of these characters', '\u202e\u2066\u202b\u2067\u202d\u2068\u202eevil'],
  ['mallory6', 'an override after line ends', `${'\n'.repeat(14)}\u202eevil`],
])(
  'a message of %s with %s does not change the direction of the text after it',
  async (name, _what, text) => {
    const page = await openOwnMessage(name, text);
    const message = page.getByRole('article').first();
    if (text.includes('\n')) await message.getByText('3 more lines').click();
    const author = await box(message.locator('.author'));
    const firstLineX = await message
      .locator('.text')
      .first()
      .evaluate((element) => element.getClientRects()[0]?.x);
    const time = await box(message.locator('time'));
    const remove = await box(message.getByRole('link', { name: 'delete' }));
    // From left to right: the author in front of the text, the time in front of the link.
    expect(author.x + author.width).toBeLessThanOrEqual(firstLineX ?? 0);
    expect(time.x).toBe(author.x);
    expect(time.x + time.width).toBeLessThanOrEqual(remove.x);
  },
);

test('a click shows the lines of a message after the twelfth, without a script', async () => {
  const writer = await user('linus');
  await writer.addMessage(`first${'\n'.repeat(20)}last`);
  for (const javaScriptEnabled of [true, false]) {
    const page = await open({ javaScriptEnabled, viewport: { width: 320, height: 720 } });
    await page.goto('/linus');
    const last = page.getByText('last', { exact: true });
    expect(await last.isVisible()).toBe(false);
    const collapsed = await box(page.getByRole('article'));
    await page.keyboard.press('Tab');
    await page.locator('summary').focus();
    await page.keyboard.press('Enter');
    await last.waitFor();
    const expanded = await box(page.getByRole('article'));
    expect(expanded.height).toBeGreaterThan(collapsed.height);
    await page.getByText('9 more lines').click();
    await last.waitFor({ state: 'hidden' });
  }
});

test('a collapsed message is accessible before and after a click', async () => {
  const writer = await user('ada');
  await writer.addMessage(`first${'\n'.repeat(20)}last @ada https://example.com/`);
  const page = await open();
  await page.goto('/ada');
  await expectAccessible(page);
  await page.getByText('9 more lines').click();
  await expectAccessible(page);
  await page.goto('/ada?before=1');
  await expectAccessible(page);
});
