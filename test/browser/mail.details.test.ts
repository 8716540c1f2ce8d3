import { expect, test } from 'vitest';
import { expectAccessible, expectStatus, logIn, signUp, useBrowser } from '../support/browser.ts';
import { testMail, useMail } from '../support/mail.ts';

const minitwit = useBrowser({ mail: { ...testMail, smtp: null } });
const { open, database } = minitwit;
const { findLinkPath } = useMail(minitwit);

test.each([
  ['paula', 360],
  ['rosa', 1280],
])(
  '%s changes the email address and resets a forgotten password at %i px',
  async (username, width) => {
    const viewport = { width, height: 640 };
    const page = await open({ viewport });
    await signUp(page, username);
    await page.getByRole('link', { name: 'settings' }).click();
    await page.getByRole('link', { name: 'Change your email address' }).click();
    const email = `${username}@new.example.com`;
    await page.getByLabel('New email').fill(email);
    await page.getByLabel('Your password').fill('a wrong one');
    await page.getByRole('button', { name: 'Change Email' }).click();
    await page.getByRole('alert').filter({ hasText: 'Invalid password' }).waitFor();
    await expectAccessible(page);
    expect(await page.getByLabel('New email').inputValue()).toBe(email);
    await page.getByLabel('Your password').fill('a password');
    await page.getByRole('button', { name: 'Change Email' }).click();
    await expectStatus(page, `A mail to ${email} has a link.`);
    await page.goto(await findLinkPath(email));
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Confirm Email' }).click();
    await expectStatus(page, `The email address of ${username} was changed`);

    const elsewhere = await open({ viewport });
    await elsewhere.goto('/login');
    await expectAccessible(elsewhere);
    await elsewhere.getByRole('link', { name: 'Forgot your password?' }).click();
    await expectAccessible(elsewhere);
    await elsewhere.getByRole('button', { name: 'Send Link' }).click();
    await elsewhere.getByRole('alert').waitFor();
    await expectAccessible(elsewhere);
    await elsewhere.getByLabel('Email').fill(email);
    await elsewhere.getByRole('button', { name: 'Send Link' }).click();
    await expectStatus(elsewhere, 'If an account has this email address, it gets a mail');
    await expectAccessible(elsewhere);

    await elsewhere.goto(await findLinkPath(email));
    await elsewhere.getByLabel('New password:').fill('another one');
    await elsewhere.getByRole('button', { name: 'Reset Password' }).click();
    await elsewhere.getByRole('alert').filter({ hasText: 'do not match' }).waitFor();
    await expectAccessible(elsewhere);
    await elsewhere.getByLabel('New password:').fill('another one');
    await elsewhere.getByLabel('New password (repeat)').fill('another one');
    await elsewhere.getByRole('button', { name: 'Reset Password' }).click();
    await expectStatus(elsewhere, 'Your password was changed. You can sign in with it now.');
    await logIn(elsewhere, username, 'another one');
    await page.goto('/settings');
    await page.getByRole('heading', { name: 'Please sign in' }).waitFor();
  },
);

test('the outbox is accessible, and shows markup in names as text', async () => {
  const page = await open();
  await page.goto('/outbox');
  await page.getByText('There are no mails yet.').waitFor();
  await expectAccessible(page);
  await database.execute(
    `insert into mail (recipient, subject, text, created_s, due_s)
     values ('a@example.com', 'News', :text, 1800000000, 4294967295)`,
    { text: `Hello <b onclick="x">,\n\nhttps://example.com/reset_password/${'x'.repeat(43)}\n` },
  );
  await page.goto('/outbox');
  await page.getByText('Hello <b onclick="x">,').waitFor();
  await page.getByRole('link', { name: 'https://example.com/reset_password/' }).waitFor();
  await expectAccessible(page);
});
