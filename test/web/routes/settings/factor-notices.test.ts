import { Secret, TOTP } from 'otpauth';
import { expect, test } from 'vitest';
import { testMail, useMail } from '../../../support/mail.ts';
import { useMiniTwit } from '../../../support/minitwit.ts';
import { SoftwarePasskey } from '../../../support/passkey.ts';

const minitwit = useMiniTwit({ mail: testMail });
const { visitor } = minitwit;
const { listMails } = useMail(minitwit);
const HOST = 'minitwit.example';
const PASSWORD = { current_password: 'a password' };

test('the user gets a mail about each change of codes and passkeys, and none about a wrong password', async () => {
  const alice = visitor();
  alice.agent.set('Host', HOST);
  await alice.register('alice', 'a password', { email: 'alice@example.com' });
  await alice.login('alice', 'a password');

  const setup = (await alice.get('/settings/two_factor')).text;
  const [, secret = ''] = /<code class="secret">([A-Z2-7 ]+)</.exec(setup) ?? [];
  const [, sealed = ''] = /name="secret" value="([^"]+)"/.exec(setup) ?? [];
  const code = new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')) }).generate();
  await alice.post('/settings/two_factor', { ...PASSWORD, secret: sealed, code });
  await alice.post('/settings/two_factor/recovery_codes', PASSWORD);
  await alice.post('/settings/two_factor/turn_off', { current_password: 'wrong' });
  await alice.post('/settings/two_factor/turn_off', PASSWORD);

  const page = (await alice.post('/settings/passkeys/add', { ...PASSWORD, name: 'x' })).text;
  const [, options = ''] = /data-options="([^"]*)"/.exec(page) ?? [];
  const { challenge } = JSON.parse(options.replaceAll('&#34;', '"')) as { challenge: string };
  const credential = new SoftwarePasskey(HOST).create({ challenge });
  const { text } = await alice.post('/settings/passkeys/create', { name: 'x', credential });
  const [, path = ''] = /href="(\/settings\/passkeys\/remove\/[^"]+)"/.exec(text) ?? [];
  await alice.post(path, PASSWORD);

  const changes = (await listMails('alice@example.com')).map((mail) => mail.text);
  expect(changes).toEqual([
    expect.stringContaining('Two-factor sign-in was turned on.'),
    expect.stringContaining('New recovery codes were created.'),
    expect.stringContaining('Two-factor sign-in was turned off.'),
    expect.stringContaining('A passkey was added to your account.'),
    expect.stringContaining('A passkey was removed from your account.'),
  ]);
  for (const change of changes) {
    expect(change).not.toContain(secret);
    // A new password removes no passkey of an attacker.
    expect(change).toContain('/forgot_password');
    expect(change).toContain('/settings/passkeys');
  }
});
