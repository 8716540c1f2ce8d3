import { z } from 'zod';
import { passwordField } from './form.ts';
import { usernameField } from './username.ts';

/** The fields of the form `Sign In`. */
export const loginForm = z.object({
  username: usernameField,
  password: passwordField,
});
