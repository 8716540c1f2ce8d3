import type { MailConfig } from '../../config/mail-settings.ts';
import { type Link, linkPath } from '../../repositories/links.ts';
import { type NewMail, TOKEN_PLACEHOLDER } from '../../repositories/mails.ts';
import type { User } from '../../repositories/users.ts';

const SUBJECT_OF_CHANGES = 'Your MiniTwit account has changed';

/** The user of a mail. `email` is the address that the mail is sent to. */
export type Addressee = Pick<User, 'username' | 'email'>;

/**
 * Writes the mail about a change of the user's account, for a repository to store in the transaction of the change.
 * Returns null if mail is off. `change` is a whole sentence.
 */
export type WriteNotice = (user: Addressee, change: string) => NewMail | null;

/** Creates the function that writes notices. `mail` is null if mail is off. */
export function createWriteNotice(mail: MailConfig | null): WriteNotice {
  if (!mail) return () => null;
  const { siteUrl } = mail;
  return ({ username, email }, change) => ({
    recipient: email,
    subject: SUBJECT_OF_CHANGES,
    text: formatLetter(username, siteUrl, [
      change,
      `If you did not do this, choose a new password at once: ${siteUrl}/forgot_password`,
      ...listFurtherSteps(siteUrl),
    ]),
    link: null,
  });
}

/** Writes the mail about a change of the email address, for the user at the old address. */
export function writeEmailChangeNotice(
  { username, email, currentEmail }: Pick<Link, 'username' | 'email' | 'currentEmail'>,
  siteUrl: string,
): NewMail {
  return {
    recipient: currentEmail,
    subject: SUBJECT_OF_CHANGES,
    text: formatLetter(username, siteUrl, [
      `Your email address was changed from ${currentEmail} to ${email}.`,
      // A link that resets the password would go to the new address.
      `If you did not do this, another person knows your password. Choose a new one at once, and then change the address: ${siteUrl}/settings/password`,
      ...listFurtherSteps(siteUrl),
    ]),
    link: null,
  };
}

/** Writes the mail about the deletion of an account by its user. */
export function writeDeletionNotice({ username, email }: Addressee, siteUrl: string): NewMail {
  return {
    recipient: email,
    subject: 'Your MiniTwit account was deleted',
    text: formatLetter(username, siteUrl, [
      'Your account was deleted in the settings, with your password. It cannot be restored.',
      'If you did not do this, another person knows your password. Change it at all other sites.',
    ]),
    link: null,
  };
}

/** Writes the mail with the link that resets a forgotten password. */
export function writeResetMail({ userId, username, email }: User, siteUrl: string): NewMail {
  return {
    recipient: email,
    subject: 'Reset your MiniTwit password',
    text: formatLetter(username, siteUrl, [
      'Open this link to choose a new password. It can be used once, within an hour.',
      `${siteUrl}${linkPath('reset', TOKEN_PLACEHOLDER)}`,
      'If you did not request this, ignore this mail. Your password has not changed.',
    ]),
    link: { userId, purpose: 'reset' },
  };
}

/** Writes the mail with the link that confirms a user's new address. */
export function writeConfirmationMail(
  { userId, username }: Pick<User, 'userId' | 'username'>,
  newEmail: string,
  siteUrl: string,
): NewMail {
  return {
    recipient: newEmail,
    subject: 'Confirm your email address for MiniTwit',
    text: formatLetter(username, siteUrl, [
      'Open this link to use this address for your account. It can be used once, within an hour.',
      `${siteUrl}${linkPath('email', TOKEN_PLACEHOLDER)}`,
      'If you did not request this, ignore this mail.',
    ]),
    link: { userId, purpose: 'email' },
  };
}

/** Lists what a user does after choosing a new password, which leaves passkeys and two-factor sign-in as they are. */
function listFurtherSteps(siteUrl: string): string[] {
  return [
    `Then remove the passkeys that you do not know: ${siteUrl}/settings/passkeys`,
    'If you cannot sign in, ask the operator of this site for help.',
  ];
}

function formatLetter(username: string, siteUrl: string, paragraphs: string[]): string {
  const all = [`Hello ${username},`, ...paragraphs, `MiniTwit, ${siteUrl}`];
  return `${all.join('\n\n')}\n`;
}
