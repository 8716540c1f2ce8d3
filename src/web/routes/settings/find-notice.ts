import type { NewMail } from '../../../repositories/mails.ts';
import type { Users } from '../../../repositories/users.ts';
import type { WriteNotice } from '../../mail/letters.ts';

/** Returns the mail about a change of a user's account, and null if mail is off. `change` is a whole sentence. */
export type FindNotice = (username: string, change: string) => Promise<NewMail | null>;

/** Creates the function that writes a mail to the address of a user. */
export function createFindNotice(users: Users, writeNotice: WriteNotice): FindNotice {
  return async (username, change) => {
    const user = await users.findUser(username);
    return user && writeNotice(user, change);
  };
}
