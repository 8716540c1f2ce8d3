import { z } from 'zod';
import { passwordField } from './form.ts';

/** The field of forms that ask the user for the current password. */
export const currentPasswordForm = z.object({ current_password: passwordField });
