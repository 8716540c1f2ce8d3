import { hash, randomBytes } from 'node:crypto';
import type { Database } from '../database/database.ts';
import { NOW, type Statements } from '../database/statements.ts';

/** `reset` sets a new password. `email` confirms an email address. */
export type LinkPurpose = 'reset' | 'email';

/** A link that `createLink` stores. */
export interface NewLink {
  userId: number;
  purpose: LinkPurpose;
  /** The address that the link confirms. Empty for another purpose. */
  email: string;
}

/** A link that can be used, with its user as the database has it now. */
export interface Link {
  token: string;
  userId: number;
  username: string;
  /** The address that the link confirms. Empty for another purpose. */
  email: string;
  /** The user's current address. */
  currentEmail: string;
}

/** Reads the table `link`. Its rows are written in the transactions of other files. */
export interface Links {
  /** Returns null if the token is unknown, is for another purpose, has expired or was used. */
  findLink(token: string, purpose: LinkPurpose): Promise<Link | null>;
  /** Deletes up to `limit` links that have expired. Returns their number. */
  deleteExpiredLinks(limit: number): Promise<number>;
}

/** How long a link can be used, in seconds. */
export const LINK_LIFETIME_S = 60 * 60;

const LINKS_PER_USER = 5;
const TOKEN_BYTES = 32;

/** Returns the path of a link. The middleware of the request log removes the token from these paths. */
export function linkPath(purpose: LinkPurpose, token: string): string {
  return `/${purpose === 'reset' ? 'reset_password' : 'confirm_email'}/${token}`;
}

// A locking read or a delete of a range would lock the gaps between its rows, and two transactions that then insert into
// one gap deadlock. The transactions therefore lock the user first, read without locks, and delete by primary key.

/**
 * Stores a link, and returns its token, which is stored nowhere. If the user has more than 5 links then, those that
 * expire first are deleted. The transaction must have locked the user, and must not have read before that.
 */
export async function createLink(
  transaction: Statements,
  { userId, purpose, email }: NewLink,
): Promise<string> {
  const others = await transaction.select<{ tokenHash: string }>(
    `select token_hash as tokenHash
     from link
     where user_id = :userId
     order by expires_s desc, token_hash`,
    { userId },
  );
  await deleteLinks(transaction, others.slice(LINKS_PER_USER - 1));
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  await transaction.execute(
    `insert into link (token_hash, user_id, purpose, email, expires_s)
     values (:tokenHash, :userId, :purpose, :email, :now + :lifetimeS)`,
    {
      tokenHash: hashToken(token),
      userId,
      purpose,
      email,
      now: NOW,
      lifetimeS: LINK_LIFETIME_S,
    },
  );
  return token;
}

/**
 * Locks the user of a link, and deletes the link in the transaction that does what it is for. Returns false if the link
 * can no longer be used: of concurrent transactions with the same link, one gets true.
 */
export async function consumeLink(
  transaction: Statements,
  { token, userId }: Pick<Link, 'token' | 'userId'>,
): Promise<boolean> {
  await lockUser(transaction, userId);
  const { affectedRows } = await transaction.execute(
    `delete from link
     where token_hash = :tokenHash and expires_s > :now`,
    { tokenHash: hashToken(token), now: NOW },
  );
  return affectedRows > 0;
}

/**
 * Deletes the links of a user for these purposes, and the unsent mails that would get one. A change of the password or
 * of the email address revokes all of them. The transaction must have locked the user, and must not have read before
 * that.
 */
export async function revokeLinks(
  transaction: Statements,
  userId: number,
  purposes: LinkPurpose[] = ['reset', 'email'],
): Promise<void> {
  const links = await transaction.select<{ tokenHash: string }>(
    `select token_hash as tokenHash
     from link
     where user_id = :userId and purpose in (:purposes)`,
    { userId, purposes },
  );
  await deleteLinks(transaction, links);
  const mails = await transaction.select<{ mailId: number }>(
    `select mail_id as mailId
     from mail
     where user_id = :userId and purpose in (:purposes)`,
    { userId, purposes },
  );
  if (mails.length === 0) return;
  await transaction.execute(
    `delete from mail
     where mail_id in (:mailIds)`,
    { mailIds: mails.map(({ mailId }) => mailId) },
  );
}

/** Locks a user until the end of the transaction. Returns false if the user does not exist. */
export async function lockUser(transaction: Statements, userId: number): Promise<boolean> {
  const rows = await transaction.select(
    `select 1
     from user
     where user_id = :userId
     for update`,
    { userId },
  );
  return rows.length > 0;
}

/** Creates the links of a database. */
export function createLinks(database: Database): Links {
  return {
    async findLink(token, purpose) {
      const [link] = await database.writer.select<Omit<Link, 'token'>>(
        `select link.user_id as userId, user.username, link.email, user.email as currentEmail
         from link
         join user on user.user_id = link.user_id
         where link.token_hash = :tokenHash and link.purpose = :purpose and link.expires_s > :now
           and :isPrimary`,
        { tokenHash: hashToken(token), purpose, now: NOW },
      );
      return link ? { ...link, token } : null;
    },

    async deleteExpiredLinks(limit) {
      const { affectedRows } = await database.execute(
        `delete from link
         where expires_s <= :now
         limit :limit`,
        { now: NOW, limit },
      );
      return affectedRows;
    },
  };
}

async function deleteLinks(transaction: Statements, links: { tokenHash: string }[]): Promise<void> {
  if (links.length === 0) return;
  await transaction.execute(
    `delete from link
     where token_hash in (:hashes)`,
    { hashes: links.map(({ tokenHash }) => tokenHash) },
  );
}

function hashToken(token: string): string {
  return hash('sha256', token, 'base64url');
}
