import request from 'supertest';
import { expect, test } from 'vitest';
import { useMiniTwit } from '../../support/minitwit.ts';

const { app } = useMiniTwit();

test.each([
  ['/login', ['current-password']],
  ['/register', ['new-password', 'new-password']],
])(
  'the password fields of %s hide the input, and have the right autocomplete value',
  async (path, autocompletes) => {
    const { text } = await request(app).get(path);
    const fields = (text.match(/<input[^>]*>/g) ?? []).filter((field) =>
      /name="password/.test(field),
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
