import { expect, test } from 'vitest';
import { expectStatus, share, signUp, useBrowser } from '../support/browser.ts';

// Over plain http, browsers do not send the site of a request. Chromium
// trusts 127.0.0.1 as it trusts https, but not the name minitwit.test, which leads there as well.
const { open, url, user } = useBrowser();
const insecure = () => url().replace('127.0.0.1', 'minitwit.test');

test('MiniTwit works over plain http under any host name', async () => {
  await user('bob');
  const page = await open({ baseURL: insecure() });
  const told: (string | undefined)[] = [];
  page.on('request', (request) => told.push(request.headers()['sec-fetch-site']));
  await signUp(page, 'alice');
  await share(page, 'hello');
  await expectStatus(page, 'Your message was recorded');
  await page.goto('/bob');
  await page.getByRole('button', { name: 'Follow user', exact: true }).click();
  await expectStatus(page, 'You are now following "bob"');
  await page.getByRole('button', { name: 'sign out [alice]' }).click();
  await expectStatus(page, 'You were logged out');
  expect(told.filter((site) => site !== undefined)).toEqual([]);
});

test.each(['GET', 'POST'])(
  'a page of another site cannot change anything by %s',
  async (method) => {
    const page = await open({ baseURL: insecure() });
    await signUp(page, `carol ${method}`);
    // The same server under another name is another site.
    await page.route('http://evil.test/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<meta name="referrer" content="no-referrer">
        <form action="${insecure()}/bob/follow" method="${method}"><button>Win a prize</button></form>`,
      }),
    );
    await page.goto('http://evil.test/');
    await page.getByRole('button', { name: 'Win a prize' }).click();
    await page.getByRole('heading', { name: 'That is not allowed' }).waitFor();
    await page.goto('/bob');
    expect(await page.getByText('You are not yet following this user.').count()).toBe(1);
  },
);
