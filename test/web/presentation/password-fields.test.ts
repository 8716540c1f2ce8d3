import request from 'supertest';
import { expect, test } from 'vitest';
import { useMiniTwit } from '../../support/minitwit.ts';

const { app } = useMiniTwit();

test.each([
  ['/login', ['current-password']],
  ['/register', ['new-password', 'new-password']],
])(
  'the password fields of %s hide what is typed, and tell password managers what it is',
  async (path, purposes) => {
    const { text } = await request(app).get(path);
    const fields = (text.match(/<input[^>]*>/g) ?? []).filter((field) =>
      /name="password/.test(field),
    );
    expect(fields).toHaveLength(purposes.length);
    for (const [index, field] of fields.entries()) {
      expect(field).toContain('type="password"');
      expect(field).toContain(`autocomplete="${purposes[index]}"`);
      // A password that is longer than the field would be cut without a word.
      expect(field).not.toContain('maxlength');
    }
  },
);
