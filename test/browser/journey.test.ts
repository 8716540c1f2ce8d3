import { describe, expect, test } from 'vitest';
import { lengths } from '../support/text-lengths.ts';
import { expectStatus, logIn, share, signUp, useBrowser } from '../support/browser.ts';

const { open, visitor } = useBrowser();

describe.each([
  { name: 'on a phone', width: 360, javaScriptEnabled: true },
  { name: 'on a desktop, without JavaScript', width: 1280, javaScriptEnabled: false },
])('$name', ({ width, javaScriptEnabled }) => {
  const window = { viewport: { width, height: 720 }, javaScriptEnabled };
  const suffix = `${width}${javaScriptEnabled ? '' : ' without'}`;

  test('users register, post, follow, open older pages, delete and log out', async () => {
    const bob = await open(window);
    await signUp(bob, `bob ${suffix}`);
    const bobElsewhere = visitor();
    await bobElsewhere.login(`bob ${suffix}`, 'a password');
    for (let number = 1; number <= 30; number++) {
      await bobElsewhere.addMessage(`message ${number} of 31`);
    }
    await share(bob, 'message 31 of 31');
    await expectStatus(bob, 'Your message was recorded');

    const alice = await open(window);
    await signUp(alice, `alice ${suffix}`);
    expect(await alice.getByText("There's no message so far.").count()).toBe(1);
    await alice.getByRole('link', { name: 'public timeline' }).click();
    await alice
      .getByRole('link', { name: `bob ${suffix}` })
      .first()
      .click();
    await alice.getByText('You are not yet following this user.').waitFor();
    await alice.getByRole('button', { name: 'Follow user', exact: true }).click();
    await expectStatus(alice, `You are now following "bob ${suffix}"`);

    await alice.getByRole('link', { name: 'my timeline' }).click();
    await alice.getByText('message 31 of 31').waitFor();
    expect(await alice.getByRole('article').count()).toBe(30);
    await alice.getByRole('link', { name: 'Older' }).click();
    await alice.getByText('message 1 of 31').waitFor();
    expect(await alice.getByRole('article').count()).toBe(1);
    await alice.getByRole('link', { name: 'Newer' }).click();
    await alice.getByText('message 31 of 31').waitFor();

    await share(alice, 'I did not mean it');
    await alice.getByRole('link', { name: 'delete' }).click();
    await alice.getByRole('heading', { name: 'Delete this message?' }).waitFor();
    await alice.getByRole('button', { name: 'Delete' }).click();
    await expectStatus(alice, 'Your message was deleted');
    expect(await alice.getByText('I did not mean it').count()).toBe(0);

    await alice.goto(`/bob ${suffix}`);
    await alice.getByRole('button', { name: 'Unfollow user' }).click();
    await expectStatus(alice, `You are no longer following "bob ${suffix}"`);
    await alice.getByRole('button', { name: `sign out [alice ${suffix}]` }).click();
    await expectStatus(alice, 'You were logged out');
    await alice.getByRole('link', { name: 'sign in' }).waitFor();

    // Back does not restore the session.
    await alice.goBack();
    await alice.getByRole('link', { name: 'sign in' }).waitFor();
  });

  test('users change the password, and end sessions', async () => {
    const name = `emma ${suffix}`;
    const page = await open(window);
    await signUp(page, name);
    const phone = await open(window);
    await logIn(phone, name);
    const library = await open(window);
    await logIn(library, name);

    await page.getByRole('link', { name: 'settings' }).click();
    const sessions = page.getByRole('listitem');
    expect(await sessions.count()).toBe(3);
    expect(await sessions.filter({ hasText: 'this one' }).count()).toBe(1);
    await page.getByRole('link', { name: 'End this session' }).first().click();
    await page.getByRole('heading', { name: 'End this session?' }).waitFor();
    await page.getByLabel('Your password').fill('wrong');
    await page.getByRole('button', { name: 'End this session' }).click();
    await page.getByRole('alert').filter({ hasText: 'Invalid password' }).waitFor();
    await page.getByLabel('Your password').fill('a password');
    await page.getByRole('button', { name: 'End this session' }).click();
    await expectStatus(page, 'The session was ended');
    expect(await sessions.count()).toBe(2);

    await page.getByRole('link', { name: 'End all other sessions' }).click();
    await page.getByLabel('Your password').fill('a password');
    await page.getByRole('button', { name: 'End all other sessions' }).click();
    await expectStatus(page, 'All other sessions were ended');
    expect(await sessions.count()).toBe(1);
    for (const other of [phone, library]) {
      await other.goto('/settings');
      await other.getByRole('heading', { name: 'Please sign in' }).waitFor();
    }

    await logIn(phone, name);
    await page.getByRole('link', { name: 'Change your password' }).click();
    await page.getByLabel('Current password').fill('a password');
    await page.getByLabel('New password:', { exact: true }).fill('another one');
    await page.getByLabel('New password (repeat)').fill('another one');
    await page.getByRole('button', { name: 'Change Password' }).click();
    await expectStatus(page, 'Your password was changed, and all other sessions were ended');
    expect(await sessions.count()).toBe(1);
    await phone.goto('/settings');
    await phone.getByRole('heading', { name: 'Please sign in' }).waitFor();
    await logIn(phone, name, 'another one');
  });

  test('users delete their account', async () => {
    const name = `greta ${suffix}`;
    const page = await open(window);
    await signUp(page, name);
    await share(page, `a last message ${suffix}`);
    await page.getByRole('link', { name: 'settings' }).click();
    await page.getByRole('link', { name: 'Delete your account' }).click();
    await page.getByRole('heading', { name: 'Delete Account' }).waitFor();
    await page.getByLabel('Your password').fill('wrong');
    await page.getByRole('button', { name: 'Delete Account' }).click();
    await page.getByRole('alert').filter({ hasText: 'Invalid password' }).waitFor();
    await page.getByLabel('Your password').fill('a password');
    await page.getByRole('button', { name: 'Delete Account' }).click();
    await expectStatus(page, 'Your account was deleted');
    await page.getByRole('heading', { name: 'Public Timeline' }).waitFor();
    await page.getByRole('link', { name: 'sign in' }).waitFor();
    expect(await page.getByText(`a last message ${suffix}`).count()).toBe(0);
    await page.goto(`/${name}`);
    await page.getByText(`There is no user called “${name}”.`).waitFor();

    await page.goto('/settings');
    await page.getByText('You have to sign in first.').waitFor();
  });

  test('the box retains a text that is too long or posted without a session', async () => {
    const page = await open(window);
    await signUp(page, `carol ${suffix}`);
    const text = `${'x'.repeat(280)}🐙`;
    await share(page, text);
    await page.getByRole('alert').filter({ hasText: 'Your message has 281 characters' }).waitFor();
    expect(await page.getByLabel("What's on your mind").inputValue()).toBe(text);

    await page.context().clearCookies();
    await share(page, 'written after the login was over');
    await page.getByRole('heading', { name: 'Please sign in' }).waitFor();
    expect(await page.getByLabel('What you wrote').inputValue()).toBe(
      'written after the login was over',
    );
    await page.getByLabel('Username').fill(`carol ${suffix}`);
    await page.getByLabel('Password').fill('a password');
    await page.getByRole('button', { name: 'Sign In' }).click();
    await expectStatus(page, 'You were logged in');
    expect(await page.getByLabel("What's on your mind").inputValue()).toBe(
      'written after the login was over',
    );
    await page.getByRole('button', { name: 'Share' }).click();
    await expectStatus(page, 'Your message was recorded');
    expect(await page.getByLabel("What's on your mind").inputValue()).toBe('');
  });

  test('an invalid form shows an error beside the field and retains the input', async () => {
    const page = await open(window);
    await page.goto('/register');
    await page.getByLabel('Username').fill('dave');
    await page.getByLabel('Email').fill('broken');
    await page.getByRole('button', { name: 'Sign Up' }).click();
    await page
      .getByRole('alert')
      .filter({ hasText: 'You have to enter a valid email address' })
      .waitFor();
    const email = page.getByLabel('Email');
    expect(await email.inputValue()).toBe('broken');
    expect(await email.getAttribute('aria-invalid')).toBe('true');
    expect(await email.evaluate((field) => field === document.activeElement)).toBe(true);
    expect(await page.getByLabel('Username').inputValue()).toBe('dave');
  });
});

test('the counter shows the characters left, as the server counts them', async () => {
  const page = await open();
  await signUp(page, 'erin');
  const box = page.getByLabel("What's on your mind");
  const note = page.locator('#text-limit');
  for (const [text, { characters }] of lengths) {
    await box.fill(text);
    expect(await note.textContent()).toBe(`${280 - characters} characters left`);
  }
  await box.fill('a\u0007\tb');
  expect(await note.textContent()).toBe('277 characters left');
  await box.fill('x'.repeat(279));
  expect(await note.textContent()).toBe('1 character left');
  await box.fill('x'.repeat(282));
  expect(await note.textContent()).toBe('2 characters too many');
  // After this, the limit of code points is nearer than the limit of characters.
  await box.fill('👩‍👩‍👧‍👦'.repeat(120));
  expect(await note.textContent()).toBe('160 characters left');
  await box.fill('👩‍👩‍👧‍👦'.repeat(121));
  expect(await note.textContent()).toBe('153 code points left');
  await box.fill('👩‍👩‍👧‍👦'.repeat(143));
  expect(await note.textContent()).toBe('1 code point too many');
});
