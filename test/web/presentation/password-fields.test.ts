import { beforeAll, expect, test } from 'vitest';
import { createLink } from '../../../src/repositories/links.ts';
import { useMiniTwit, type Visitor } from '../../support/minitwit.ts';

const { user, visitor, repositories, database } = useMiniTwit();
let alice: Visitor;
let token: string;

beforeAll(async () => {
  alice = await user('alice');
  const userId = (await repositories.users.findUser('alice'))?.userId ?? 0;
  token = await database.transact((transaction) =>
    createLink(transaction, { userId, purpose: 'reset', email: '' }),
  );
});

test.each([
  ['/login', ['current-password']],
  ['/register', ['new-password', 'new-password']],
  ['/settings/password', ['current-password', 'new-password', 'new-password']],
  ['/settings/end_other_sessions', ['current-password']],
  ['/settings/two_factor', ['current-password']],
  ['/settings/passkeys/add', ['current-password']],
  ['/settings/email', ['current-password']],
  ['/settings/export', ['current-password']],
  ['/settings/delete_account', ['current-password']],
  ['/reset_password/TOKEN', ['new-password', 'new-password']],
])(
  'the password fields of %s hide the input, and have the right autocomplete value',
  async (path, autocompletes) => {
    const { text } = await (path.startsWith('/settings') ? alice : visitor()).get(
      path.replace('TOKEN', token),
    );
    const fields = (text.match(/<input[^>]*>/g) ?? []).filter((field) =>
      /name="(?:current_)?password/.test(field),
    );
    expect(fields).toHaveLength(autocompletes.length);
    for (const [index, field] of fields.entries()) {
      expect(field).toContain('type="password"');
      expect(field).toContain(`autocomplete="${autocompletes[index]}"`);
      // The browser would cut a longer password without a warning.
      expect(field).not.toContain('maxlength');
    }
  },
);
