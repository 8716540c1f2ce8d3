import jsQr from 'jsqr';
import { type TOTP, URI } from 'otpauth';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { expectAccessible, expectStatus, signUp, useBrowser } from '../support/browser.ts';

const { open } = useBrowser();
const STEP_MS = 30_000;

/** Reads the QR code of a page from a screenshot, as the camera of a phone does. */
async function scanQrCode(page: Page): Promise<TOTP> {
  const code = page.getByRole('img', { name: 'QR code' });
  const picture = (await code.screenshot()).toString('base64');
  const blank = await page.context().newPage();
  const { pixels, width } = await blank.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    canvas?.drawImage(bitmap, 0, 0);
    const image = canvas?.getImageData(0, 0, bitmap.width, bitmap.height);
    return { pixels: Array.from(image?.data ?? []), width: bitmap.width };
  }, picture);
  await blank.close();
  const height = pixels.length / 4 / width;
  const found = jsQr.default(Uint8ClampedArray.from(pixels), width, height);
  return URI.parse(found?.data ?? '') as TOTP;
}

/** Submits the username and the password. */
async function enterPassword(page: Page, username: string): Promise<void> {
  await page.goto('/login');
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill('a password');
  await page.getByRole('button', { name: 'Sign In' }).click();
  await page.getByRole('heading', { name: 'Enter a Code' }).waitFor();
}

test.each([
  ['wanda', 360, 'dark'],
  ['dora', 1280, 'light'],
] as const)(
  '%s scans the QR code at %i px (%s), and logs in with codes',
  async (username, width, colorScheme) => {
    const page = await open({
      viewport: { width, height: 640 },
      colorScheme,
      deviceScaleFactor: 2,
    });
    await signUp(page, username);
    await page.getByRole('link', { name: 'settings' }).click();
    await page.getByRole('link', { name: 'Turn on two-factor sign-in' }).click();
    const app = await scanQrCode(page);
    expect(app).toMatchObject({ issuer: 'MiniTwit', label: username });
    expect((await page.locator('.secret').innerText()).replaceAll(' ', '')).toBe(app.secret.base32);

    await page.getByLabel('Code:').fill('12345');
    await page.getByRole('button', { name: 'Turn It On' }).click();
    await page.getByRole('alert').filter({ hasText: 'This code is wrong' }).waitFor();
    expect((await scanQrCode(page)).secret.base32).toBe(app.secret.base32);
    await page.getByLabel('Code:').fill(app.generate({ timestamp: Date.now() - STEP_MS / 2 }));
    await page.getByLabel('Your password').fill('a password');
    await page.getByRole('button', { name: 'Turn It On' }).click();
    await expectStatus(page, 'Two-factor sign-in is on');
    const recoveryCodes = await page.locator('.codes code').allInnerTexts();
    expect(recoveryCodes).toHaveLength(10);
    await page.getByRole('link', { name: 'I have saved them' }).click();
    await page.getByText('You have 10 unused recovery codes').waitFor();

    await page.getByRole('button', { name: 'sign out' }).click();
    await enterPassword(page, username);
    // The time step of the setup is used.
    await page.getByLabel('Code:').fill(app.generate({ timestamp: Date.now() + STEP_MS }));
    await page.keyboard.press('Enter');
    await expectStatus(page, 'You were logged in');

    await page.getByRole('button', { name: 'sign out' }).click();
    await enterPassword(page, username);
    await page.getByLabel('Code:').fill(recoveryCodes[0] ?? '');
    await page.keyboard.press('Enter');
    await expectStatus(page, 'You have 9 unused recovery codes');
  },
);

test('every page about codes is accessible', async () => {
  const page = await open();
  await signUp(page, 'pavel');
  await page.goto('/settings/two_factor');
  await expectAccessible(page);
  const app = await scanQrCode(page);
  await page.getByRole('button', { name: 'Turn It On' }).click();
  await page.getByRole('alert').waitFor();
  await expectAccessible(page);
  await page.getByLabel('Code:').fill(app.generate());
  await page.getByLabel('Your password').fill('a password');
  await page.getByRole('button', { name: 'Turn It On' }).click();
  await page.getByRole('heading', { name: 'Recovery Codes' }).waitFor();
  await expectAccessible(page);
  for (const link of [null, 'Create new recovery codes', 'Turn off two-factor sign-in']) {
    await page.goto('/settings/two_factor');
    if (link !== null) {
      await page.getByRole('link', { name: link }).click();
      await expectAccessible(page);
      await page.locator('main').getByRole('button').click();
      await page.getByRole('alert').waitFor();
    }
    await expectAccessible(page);
  }
  await page.getByRole('button', { name: 'sign out' }).click();
  await enterPassword(page, 'pavel');
  await expectAccessible(page);
  await page.locator('main').getByRole('button').click();
  await page.getByRole('alert').waitFor();
  await expectAccessible(page);
});
