import { z } from 'zod';
import { field, passwordField } from './form.ts';
import { normalizeUsername } from './username.ts';

/** The fields of MiniTwit's `Sign In`. */
export const loginForm = z.object({
  username: field.transform(normalizeUsername),
  password: passwordField,
});
