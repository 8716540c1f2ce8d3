import { expect, test } from 'vitest';
import { useBrowser } from '../support/browser.ts';

const { open, user, database } = useBrowser();
// This is 2026-11-21, 22:36 UTC.
const PUB_DATE_S = 1_795_300_565;

test.each([
  ['Europe/Berlin', '2026-11-21 @ 23:36'],
  ['Asia/Kolkata', '2026-11-22 @ 04:06'],
  ['America/Los_Angeles', '2026-11-21 @ 14:36'],
  ['UTC', '2026-11-21 @ 22:36'],
])('times are those of %s', async (timezoneId, local) => {
  const name = `writer in ${timezoneId.replace('/', ' ')}`;
  const writer = await user(name);
  await writer.addMessage('now');
  await database.execute('update message set pub_date = :pubDateS', { pubDateS: PUB_DATE_S });
  const page = await open({ timezoneId });
  for (const path of ['/public', `/${name}`]) {
    await page.goto(path);
    const time = page.locator('time').first();
    // A page has loaded when its scripts have run.
    expect(await time.textContent()).toBe(local);
    expect(await time.getAttribute('title')).toBe('2026-11-21 @ 22:36 UTC');
    expect(await time.getAttribute('datetime')).toBe('2026-11-21T22:36:05Z');
  }
});

test('without JavaScript, times are in UTC and marked as such', async () => {
  const page = await open({ timezoneId: 'Asia/Kolkata', javaScriptEnabled: false });
  await (await user('reader')).addMessage('now');
  await database.execute('update message set pub_date = :pubDateS', { pubDateS: PUB_DATE_S });
  await page.goto('/public');
  expect(await page.locator('time').first().textContent()).toBe('2026-11-21 @ 22:36 UTC');
});
