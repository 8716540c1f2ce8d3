import type { Database } from '../database/database.ts';

/** A user's row, with the numbers on the user's page. */
export interface Account {
  username: string;
  email: string;
  isModerator: boolean;
  /** Seconds since 1970. Null for a user who registered before version 1.11.0. */
  registeredS: number | null;
  followers: number;
  following: number;
  /** Whether logins ask for a code of an authenticator app. */
  hasAuthenticatorApp: boolean;
}

/** Another user that a user follows, blocks or mutes. `id` orders the list. */
export interface RelatedUser {
  id: number;
  username: string;
}

/** A message of a user. */
export interface OwnMessage {
  id: number;
  text: string;
  /** Seconds since 1970. */
  pubDateS: number;
}

/** A report that a user has sent. */
export interface OwnReport {
  id: number;
  /** The reported user, or the author of the reported message. */
  username: string;
  /** 0 if the user was reported. */
  messageId: number;
  reason: string;
  text: string;
  /** Seconds since 1970. */
  createdS: number;
  /** Null while the report is open. */
  closedS: number | null;
}

/** A passkey of a user. The times are in seconds since 1970. */
export interface OwnPasskey {
  name: string;
  createdS: number;
  usedS: number;
}

/** Lists the rows of a user whose ids are above `afterId`, lowest first, at most PERSONAL_DATA_LIMIT. */
export type ListRows<Row extends { id: number }> = (
  userId: number,
  afterId: number,
) => Promise<Row[]>;

/**
 * Reads all that the database has about a user, for a copy for this user. Each call reads a bounded number of rows by
 * an index, so a copy of any size needs no long transaction. The sessions are in another repository.
 */
export interface PersonalData {
  /** Returns null if the user does not exist. */
  findAccount(userId: number): Promise<Account | null>;
  /** Lists at most PERSONAL_DATA_LIMIT passkeys, the oldest first. */
  listPasskeys(userId: number): Promise<OwnPasskey[]>;
  listFollowed: ListRows<RelatedUser>;
  listBlocked: ListRows<RelatedUser>;
  listMuted: ListRows<RelatedUser>;
  listReports: ListRows<OwnReport>;
  listOwnMessages: ListRows<OwnMessage>;
}

/** The number of rows that a call returns. 200 messages of the greatest length are about 2 MB. */
export const PERSONAL_DATA_LIMIT = 200;

const limit = PERSONAL_DATA_LIMIT;

/** Creates the personal data of a database. */
export function createPersonalData(database: Database): PersonalData {
  return {
    async findAccount(userId) {
      const [row] = await database.select<
        Omit<Account, 'isModerator' | 'hasAuthenticatorApp'> & {
          isModerator: number;
          hasAuthenticatorApp: number;
        }
      >(
        `select user.username, user.email, user.is_moderator as isModerator,
           user.registered_at as registeredS, profile.followers, profile.following,
           totp.user_id is not null as hasAuthenticatorApp
         from user
         join profile on profile.user_id = user.user_id
         left join totp on totp.user_id = user.user_id
         where user.user_id = :userId and :isPrimary`,
        { userId },
      );
      if (!row) return null;
      return {
        ...row,
        isModerator: row.isModerator > 0,
        hasAuthenticatorApp: row.hasAuthenticatorApp > 0,
      };
    },

    listPasskeys: (userId) =>
      database.select<OwnPasskey>(
        `select name, created_s as createdS, used_s as usedS
         from passkey
         where user_id = :userId and :isPrimary
         order by created_s
         limit :limit`,
        { userId, limit },
      ),

    listFollowed: (userId, afterId) =>
      database.select<RelatedUser>(
        `select follower.whom_id as id, user.username
         from follower
         join user on user.user_id = follower.whom_id
         left join hidden_author on hidden_author.user_id = follower.whom_id
         where follower.who_id = :userId and follower.whom_id > :afterId
           and coalesce(hidden_author.is_deleted, false) = false and :isPrimary
         order by follower.whom_id
         limit :limit`,
        { userId, afterId, limit },
      ),

    listBlocked: (userId, afterId) =>
      database.select<RelatedUser>(
        `select block.whom_id as id, user.username
         from block
         join user on user.user_id = block.whom_id
         left join hidden_author on hidden_author.user_id = block.whom_id
         where block.who_id = :userId and block.whom_id > :afterId
           and coalesce(hidden_author.is_deleted, false) = false and :isPrimary
         order by block.whom_id
         limit :limit`,
        { userId, afterId, limit },
      ),

    listMuted: (userId, afterId) =>
      database.select<RelatedUser>(
        `select mute.whom_id as id, user.username
         from mute
         join user on user.user_id = mute.whom_id
         left join hidden_author on hidden_author.user_id = mute.whom_id
         where mute.who_id = :userId and mute.whom_id > :afterId
           and coalesce(hidden_author.is_deleted, false) = false and :isPrimary
         order by mute.whom_id
         limit :limit`,
        { userId, afterId, limit },
      ),

    listReports: (userId, afterId) =>
      database.select<OwnReport>(
        `select report.report_id as id, user.username, report.message_id as messageId,
           report.reason, report.text, report.created_s as createdS, report.closed_s as closedS
         from report force index (thing)
         join user on user.user_id = report.user_id
         left join hidden_author on hidden_author.user_id = report.user_id
         where report.reporter_id = :userId and report.report_id > :afterId
           and coalesce(hidden_author.is_deleted, false) = false and :isPrimary
         order by report.report_id
         limit :limit`,
        { userId, afterId, limit },
      ),

    listOwnMessages: (userId, afterId) =>
      database.select<OwnMessage>(
        `select message_id as id, text, pub_date as pubDateS
         from message force index (author)
         where author_id = :userId and message_id > :afterId and :isPrimary
         order by message_id
         limit :limit`,
        { userId, afterId, limit },
      ),
  };
}
