import { json } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { share, signUp, useBrowser } from '../support/browser.ts';

const { open } = useBrowser();

describe.each([
  { name: 'on a phone', width: 360, javaScriptEnabled: true },
  { name: 'on a desktop, without JavaScript', width: 1280, javaScriptEnabled: false },
])('$name', ({ width, javaScriptEnabled }) => {
  test('a user downloads the user’s data with the password', async () => {
    const page = await open({ viewport: { width, height: 720 }, javaScriptEnabled });
    await signUp(page, `exporter ${width}`);
    await share(page, 'to be exported');
    await page.getByRole('link', { name: 'settings' }).click();
    await page.getByRole('link', { name: 'Export your data' }).click();
    await page.getByLabel('Your password').fill('wrong');
    await page.getByRole('button', { name: 'Export Your Data' }).click();
    await page.getByRole('alert').filter({ hasText: 'Invalid password' }).waitFor();

    await page.getByLabel('Your password').fill('a password');
    const started = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export Your Data' }).click();
    const download = await started;
    expect(download.suggestedFilename()).toMatch(/^minitwit-\d{4}-\d\d-\d\d\.json$/);
    expect(await json(await download.createReadStream())).toMatchObject({
      account: { username: `exporter ${width}` },
      messages: [{ text: 'to be exported' }],
    });
    // The page is still usable.
    await page.getByRole('link', { name: 'Back to the settings' }).click();
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
  });
});
