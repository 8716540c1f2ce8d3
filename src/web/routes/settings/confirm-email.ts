import type { IRouter, Request } from 'express';
import type { MailConfig } from '../../../config/mail-settings.ts';
import { AppError } from '../../../errors/app-error.ts';
import type { EmailChanges } from '../../../repositories/email-changes.ts';
import type { Link, Links } from '../../../repositories/links.ts';
import { writeEmailChangeNotice } from '../../mail/letters.ts';
import { logEvent } from '../../middleware/audit.ts';
import { currentUser } from '../../middleware/current-user.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';

/**
 * Adds `/confirm_email/:token`, where the owner of an address confirms it for an account. It needs no login, because
 * the mail may be on another device.
 */
export function addConfirmEmailRoute(
  app: IRouter,
  links: Links,
  emailChanges: EmailChanges,
  mail: MailConfig | null,
): void {
  app
    .route('/confirm_email/:token')
    .get(async (req, res) => {
      const { token, username, email } = await findUsableLink(req);
      res.set('Cache-Control', 'private, no-store');
      res.render('confirm-email.html', { token, username, email });
    })
    .post(async (req, res) => {
      const link = await findUsableLink(req);
      const { userId, username } = link;
      const notice = mail && writeEmailChangeNotice(link, mail.siteUrl);
      if (!(await emailChanges.confirmEmail(link, notice))) throw unusableLink();
      logEvent(req, 'email_changed', { userId });
      res.flash(`The email address of ${username} was changed`);
      res.redirect(currentUser(req) ? '/settings' : '/login');
    })
    .all(methodNotAllowed);

  async function findUsableLink(req: Request<{ token: string }>): Promise<Link> {
    const link = await links.findLink(req.params.token, 'email');
    if (!link) throw unusableLink();
    return link;
  }
}

function unusableLink(): AppError {
  return new AppError(
    'not_found',
    'This link was used, has expired or is incomplete. Change the address in the settings once more.',
  );
}
