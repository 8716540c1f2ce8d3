import type { IRouter, Response } from 'express';
import { AppError, isAppError } from '../../../errors/app-error.ts';
import type { RateLimits } from '../../../repositories/rate-limits.ts';
import type { Users } from '../../../repositories/users.ts';
import { type FieldError, parseForm } from '../../forms/form.ts';
import type { PasswordRules } from '../../forms/new-password.ts';
import { registrationForm, validateRegistration } from '../../forms/registration.ts';
import { logEvent } from '../../middleware/audit.ts';
import { clientKey } from '../../middleware/client-key.ts';
import { currentUser } from '../../middleware/current-user.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import { setTooManyRequests } from '../../middleware/too-many-requests.ts';
import type { Passwords } from '../../passwords/passwords.ts';

/** Adds `/register`. */
export function addRegisterRoute(
  app: IRouter,
  users: Users,
  passwords: Passwords,
  rateLimits: RateLimits,
  rules: PasswordRules,
): void {
  app
    .route('/register')
    .get((req, res) => {
      if (currentUser(req)) res.redirect('/');
      else renderRegistrationPage(res);
    })
    .post(async (req, res) => {
      const form = parseForm(registrationForm, req.body);
      const user = currentUser(req);
      if (user && form.username === '') return res.redirect('/');
      if (user) {
        const message = `You are signed in as ${user.username}. Sign out first to sign up under another name.`;
        throw new AppError('conflict', message);
      }
      const error = validateRegistration(form, rules);
      if (error) return renderRegistrationPage(res, form, error);
      const address = clientKey(req);
      const { refusal, refund } = await rateLimits.consumeRegistration(address);
      if (refusal) {
        setTooManyRequests(res, refusal);
        return renderRegistrationPage(res, form, { field: 'username', message: refusal.message });
      }
      const { username, email, password } = form;
      try {
        const passwordHash = await passwords.hash(password, address);
        const userId = await users.createUser({ username, email, passwordHash });
        logEvent(req, 'registered', { userId });
      } catch (failure) {
        if (isAppError(failure, 'conflict')) {
          const { message } = failure;
          return renderRegistrationPage(res, form, { field: 'username', message });
        }
        await refund();
        throw failure;
      }
      res.flash('You were successfully registered and can login now');
      res.redirect('/login');
    })
    .all(methodNotAllowed);
}

function renderRegistrationPage(
  res: Response,
  { username, email } = { username: '', email: '' },
  error: FieldError | null = null,
): void {
  res.render('register.html', { username, email, error });
}
