import { beforeAll, expect, test } from 'vitest';
import { expectStatus, share, signUp, useBrowser } from '../support/browser.ts';

// Over plain http, browsers do not send `Sec-Fetch-Site`. Chromium trusts 127.0.0.1 like https, but not the host
// minitwit.test, which resolves to 127.0.0.1.
const { open, url, user } = useBrowser();
const insecureUrl = () => url().replace('127.0.0.1', 'minitwit.test');

beforeAll(async () => {
  await user('bob');
});

test('MiniTwit works over plain http under any host name', async () => {
  const page = await open({ baseURL: insecureUrl() });
  const sentSites: (string | undefined)[] = [];
  page.on('request', (request) => sentSites.push(request.headers()['sec-fetch-site']));
  await signUp(page, 'alice');
  await share(page, 'hello');
  await expectStatus(page, 'Your message was recorded');
  await page.goto('/bob');
  await page.getByRole('button', { name: 'Follow user', exact: true }).click();
  await expectStatus(page, 'You are now following "bob"');
  await page.getByRole('button', { name: 'sign out [alice]' }).click();
  await expectStatus(page, 'You were logged out');
  expect(sentSites.filter((site) => site !== undefined)).toEqual([]);
});

test.each(['GET', 'POST'])(
  'a page of another site cannot change anything by %s',
  async (method) => {
    const page = await open({ baseURL: insecureUrl() });
    await signUp(page, `carol ${method}`);
    await page.route('http://evil.test/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<meta name="referrer" content="no-referrer">
        <form action="${insecureUrl()}/bob/follow" method="${method}"><button>Win a prize</button></form>`,
      }),
    );
    await page.goto('http://evil.test/');
    await page.getByRole('button', { name: 'Win a prize' }).click();
    await page.getByRole('heading', { name: 'That is not allowed' }).waitFor();
    await page.goto('/bob');
    expect(await page.getByText('You are not yet following this user.').count()).toBe(1);
  },
);
