import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { expectAccessible, expectStatus, share, signUp, useBrowser } from '../support/browser.ts';

const { open, user, repositories } = useBrowser();

async function makeModerator(username: string): Promise<void> {
  const found = await repositories.users.findUser(username);
  if (found) await repositories.users.setModerator(found, true, 'trusted');
}

/** Opens a page, clicks on a link and expects an accessible page with this heading. */
async function follow(page: Page, link: string, heading: string): Promise<void> {
  await page.getByRole('link', { name: link, exact: true }).first().click();
  await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
  await expectAccessible(page);
}

test.each([
  ['phone', 360],
  ['desktop', 1280],
])('a reader mutes, blocks and reports on a %s', async (device, width) => {
  const page = await open({ viewport: { width, height: 800 } });
  const resize = () => page.setViewportSize({ width, height: 800 });
  const author = `author-${device}`;
  await user(author).then((writer) => writer.addMessage('an advertisement'));
  await signUp(page, `reader-${device}`);
  await page.goto(`/${author}`);
  for (const [button, status] of [
    ['Mute user', `You have muted "${author}"`],
    ['Unmute user', `You no longer mute "${author}"`],
    ['Block user', `You have blocked "${author}"`],
  ] as const) {
    await resize();
    await page.getByRole('button', { name: button, exact: true }).click();
    await expectStatus(page, status);
    await expectAccessible(page);
  }
  expect(await page.getByText('an advertisement').count()).toBe(0);
  await page.getByRole('link', { name: 'settings' }).click();
  await follow(page, 'Muted users', 'Muted Users');
  await page.goto('/settings');
  await follow(page, 'Blocked users', 'Blocked Users');
  await resize();
  await page.getByRole('button', { name: 'Unblock' }).click();
  await expectStatus(page, `You no longer block "${author}"`);
  await follow(page, 'report', 'Report this message');
  await resize();
  await page.getByRole('button', { name: 'Send Report' }).click();
  await page.getByRole('alert').waitFor();
  await expectAccessible(page);
  await page.getByLabel('Reason').selectOption('Spam');
  await page.getByLabel('What a moderator should know').fill('Please read it.');
  await page.getByRole('button', { name: 'Send Report' }).click();
  await expectStatus(page, 'Thank you.');
  await follow(page, 'Report user', `Report ${author}`);
});

test.each([
  ['phone', 360],
  ['desktop', 1280],
])('a moderator decides on reports on a %s', async (device, width) => {
  const reporter = await user(`reporter-${device}`);
  const author = `spammer-${device}`;
  const writer = await user(author);
  await writer.addMessage('buy this');
  const messageId = (await repositories.profiles.findProfile(author))?.newestIds[0] ?? 0;
  await reporter.post(`/report/message/${messageId}`, { reason: 'spam', text: 'x'.repeat(200) });
  const page = await open({ viewport: { width, height: 800 } });
  const moderator = `moderator-${device}`;
  await signUp(page, moderator);
  expect(await page.getByRole('link', { name: 'moderation' }).count()).toBe(0);
  await makeModerator(moderator);
  await page.goto('/');
  await follow(page, 'moderation', 'Open Reports');
  await follow(page, 'Remove the message', 'Remove this message?');
  await page.getByRole('button', { name: 'Remove Message' }).click();
  await page.getByRole('alert').waitFor();
  await expectAccessible(page);
  await page.getByLabel('Reason').fill('It is an advertisement.');
  await page.getByRole('button', { name: 'Remove Message' }).click();
  await expectStatus(page, 'Your decision was recorded');
  await expectAccessible(page);
  await follow(page, 'Suspend the user', 'Suspend this user?');
  await page.getByLabel('Duration').selectOption('7 days');
  await page.getByLabel('Reason').fill(`Only spam on a ${device}.`);
  await page.getByRole('button', { name: 'Suspend User' }).click();
  await expectStatus(page, 'Your decision was recorded');
  await follow(page, 'Close the report', 'Close this report?');
  await page.getByLabel('Reason').fill('All is done.');
  await page.getByRole('button', { name: 'Close Report' }).click();
  await expectStatus(page, 'Your decision was recorded');
  await follow(page, 'Audit log', 'Audit Log');
  expect(await page.getByText(`Only spam on a ${device}.`).count()).toBe(1);
  await follow(page, 'Lift the suspension', 'Lift this suspension?');
  await page.getByLabel('Reason').fill('A mistake.');
  await page.getByRole('button', { name: 'Lift Suspension' }).click();
  await expectStatus(page, 'Your decision was recorded');
  await page.goto(`/${author}`);
  await page.getByText('This message was removed by a moderator.').waitFor();
  await expectAccessible(page);
});

test('markup in a report is shown as text', async () => {
  const markup = `<img src=x onerror="document.title='run'">`;
  await user('victim');
  const reporter = await user('<b title="reporter">');
  await reporter.post('/report/user/victim', { reason: 'other', text: markup });
  const page = await open();
  await signUp(page, 'chief');
  await share(page, 'hello');
  await makeModerator('chief');
  await page.goto('/moderation');
  await page.getByText(markup).waitFor();
  expect(await page.locator('.text img, main b').count()).toBe(0);
  expect(await page.title()).toBe('Open Reports | MiniTwit');
});
